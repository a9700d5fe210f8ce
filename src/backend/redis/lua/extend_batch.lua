-- KEYS  root
-- ARGV  run, batch, token, lease ms
-- ->    1, or 0 where the lease is lost
local no, batch, token, lease_ms = run_number(take()), take(), take(), take_number()
if call('HGET', batch_key(no, batch), 'token') ~= token then return 0 end
call('HSET', batch_key(no, batch), 'until', now + lease_ms)
call('ZADD', batch_key(no, 'held'), now + lease_ms, batch)
return 1
