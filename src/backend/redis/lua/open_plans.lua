-- KEYS  root
-- ARGV  run
-- ->    plans that nobody holds
local no = run_number(take())
local plans = {}
for i, plan in ipairs(call('ZRANGEBYSCORE', plan_key(no, 'open'), '-inf', now)) do plans[i] = tonumber(plan) end
table.sort(plans)
return plans
