-- open_plans({run}) -> [plan]   held by nobody
-- @reads
local plans = call('ZRANGEBYSCORE', plan_key(run_number(argument().run), 'open'), '-inf', now)
table.sort(plans, function(a, b) return tonumber(a) < tonumber(b) end)
return list(plans)
