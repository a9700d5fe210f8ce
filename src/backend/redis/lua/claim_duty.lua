-- claim_duty({duty, token, leaseMs}) -> bool   the holder goes on with it by the same call
local p = argument()
local held_until, holder = string.match(call('HGET', duties, p.duty) or '', '^(%d+) (.*)$')
if holder and holder ~= p.token and tonumber(held_until) > now then return 'false' end
call('HSET', duties, p.duty, string.format('%.0f %s', now + p.leaseMs, p.token))
return 'true'
