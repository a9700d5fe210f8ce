-- KEYS  root
-- ARGV  worker, body (JSON), ms after which it is forgotten
local worker, body, ttl_ms = take(), take(), take_number()
for _, silent in ipairs(call('ZRANGEBYSCORE', beats, '-inf', now)) do
  call('ZREM', beats, silent)
  call('HDEL', workers, silent)
end
call('ZADD', beats, now + ttl_ms, worker)
call('HSET', workers, worker, string.format('%.0f %s', now, body))
