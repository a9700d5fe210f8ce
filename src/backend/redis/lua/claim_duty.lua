-- KEYS  root
-- ARGV  duty, token, lease ms
-- ->    1, or 0 where another has it.  The holder goes on with it by the same call
local duty, token, lease_ms = take(), take(), take_number()
local held_until, holder = string.match(call('HGET', duties, duty) or '', '^(%d+) (.*)$')
if holder and holder ~= token and tonumber(held_until) > now then return 0 end
call('HSET', duties, duty, string.format('%.0f %s', now + lease_ms, token))
return 1
