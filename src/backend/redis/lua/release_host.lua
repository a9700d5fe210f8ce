-- release_host({run, host, token, pauseMs})
-- The session was given up by a worker that lives; the host rests for so long.
-- @include frontier
local p = argument()
local no, host = run_number(p.run), p.host
local h = hash_of(host_key(host))
if h.t ~= p.token or h.r ~= no then return end
h.n = math.max(tonumber(h.n or 0), now + p.pauseMs)
give_back_host(host, h, false)
call('HSET', host_key(host), 'n', h.n)
