-- KEYS  root
-- ARGV  run, plan, token, lease ms
-- ->    1, or 0 where the lease is lost
local no, plan, token, lease_ms = run_number(take()), take(), take(), take_number()
if call('HGET', plan_key(no, plan), 'token') ~= token then return 0 end
call('ZADD', plan_key(no, 'open'), now + lease_ms, plan)
return 1
