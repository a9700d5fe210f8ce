-- waiting_hosts({run, limit, restMs}) -> [host]   hosts with URLs that are due and that nobody holds: the scheduler notifies of them
-- One that is listed is not listed again for restMs, unless something happens to it.
-- A lease that ran out is listed even where the run may fetch no more: it holds a part of the budget until it is given back.
-- @include frontier
local p = argument()
local no, limit = run_number(p.run), p.limit
local answer = call('ZRANGEBYSCORE', held_key(no), '-inf', now, 'LIMIT', 0, limit)
if page_room(no) == 0 then return texts(answer) end
-- Hosts that turn out not to be due are put right, so that they are not met again; those behind them wait for the next call.
for _, host in ipairs(call('ZRANGEBYSCORE', due_key(no), '-inf', now, 'LIMIT', 0, limit * 2 + 16)) do
  if #answer == limit then break end
  local h = fields(host_key(host), 'n', 't', 'e', 'd' .. no)
  local at
  if h[2] and tonumber(h[3]) > now then
    at = tonumber(h[3])
  elseif tonumber(h[1] or 0) > now then
    at = tonumber(h[1])
  else
    at = next_url(no, host, h[4])
  end
  if not at then
    call('ZREM', due_key(no), host)
  elseif at > now then
    call('ZADD', due_key(no), at, host)
  else
    if p.restMs and p.restMs > 0 then call('ZADD', due_key(no), now + p.restMs, host) end
    answer[#answer + 1] = host
  end
end
return texts(answer)
