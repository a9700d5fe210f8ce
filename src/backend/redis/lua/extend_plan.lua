-- extend_plan({run, plan, token, leaseMs}) -> {kind: held} | {kind: lost}
local p = argument()
local no = run_number(p.run)
if call('HGET', plan_key(no, p.plan), 'token') ~= p.token then return '{"kind":"lost"}' end
call('ZADD', plan_key(no, 'open'), now + p.leaseMs, p.plan)
return '{"kind":"held"}'
