-- KEYS  root
-- ARGV  run, host, token, pause ms
-- The session was given up by a worker that lives; the host rests for so long.
-- @include frontier
local no, host, token, pause_ms = run_number(take()), take(), take(), take_number()
local h = hash_of(host_key(host))
if h.t ~= token or h.r ~= no then return end
h.n = math.max(tonumber(h.n or 0), now + pause_ms)
give_back_host(host, h, false)
call('HSET', host_key(host), 'n', h.n)
