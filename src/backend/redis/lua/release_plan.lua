-- KEYS  root
-- ARGV  run, plan, token
local no, plan, token = run_number(take()), take(), take()
if call('HGET', plan_key(no, plan), 'token') ~= token then return end
call('HDEL', plan_key(no, plan), 'token')
call('ZADD', plan_key(no, 'open'), 0, plan)
