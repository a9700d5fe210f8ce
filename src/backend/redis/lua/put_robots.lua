-- KEYS  root
-- ARGV  origin, host, record (JSON), its detail, ms for which it is good, crawl-delay ms (0 = none)
-- The host's delay is the longer one of those that its http and its https origin ask for.
local origin, host, record, detail, ttl_ms, crawl_delay_ms = take(), take(), take(), take(), take_number(), take_number()
local hour_ms = 3600000
call('HSET', robots_key(origin), 'record', record, 'detail', detail, 'expires', now + ttl_ms, 'delay', crawl_delay_ms)
call('PEXPIREAT', robots_key(origin), now + ttl_ms + hour_ms)
call('ZREM', robots_claims, origin)
for _, scheme in ipairs({ 'http://', 'https://' }) do
  crawl_delay_ms = math.max(crawl_delay_ms, tonumber(call('HGET', robots_key(scheme .. host), 'delay') or 0))
end
if crawl_delay_ms > 0 then
  call('HSET', host_key(host), 'c', crawl_delay_ms)
else
  call('HDEL', host_key(host), 'c')
end
