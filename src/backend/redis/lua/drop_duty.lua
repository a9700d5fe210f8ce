-- drop_duty({duty, token})
local p = argument()
if string.match(call('HGET', duties, p.duty) or '', '^%d+ (.*)$') == p.token then call('HDEL', duties, p.duty) end
