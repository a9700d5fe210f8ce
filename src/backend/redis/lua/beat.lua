-- beat({worker, body, ttlMs})   it is alive, and forgotten after ttlMs
local p = argument()
for _, silent in ipairs(call('ZRANGEBYSCORE', beats, '-inf', now)) do
  call('ZREM', beats, silent)
  call('HDEL', workers, silent)
end
call('ZADD', beats, now + p.ttlMs, p.worker)
call('HSET', workers, p.worker, string.format('%.0f %s', now, p.body))
