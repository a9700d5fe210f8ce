-- KEYS  root
-- ARGV  duty, token
local duty, token = take(), take()
if string.match(call('HGET', duties, duty) or '', '^%d+ (.*)$') == token then call('HDEL', duties, duty) end
