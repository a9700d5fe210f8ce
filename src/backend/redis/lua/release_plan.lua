-- release_plan({run, plan, token})
local p = argument()
local no = run_number(p.run)
if call('HGET', plan_key(no, p.plan), 'token') ~= p.token then return end
call('HDEL', plan_key(no, p.plan), 'token')
call('ZADD', plan_key(no, 'open'), 0, p.plan)
