-- put_robots({origin, host, record, detail: the record's, ttlMs, crawlDelayMs})
-- The host's delay is the longer one of those that its http and its https origin ask for.
local p = argument()
local origin, host, crawl_delay_ms = p.origin, p.host, p.crawlDelayMs
local hour_ms = 3600000
call('HSET', robots_key(origin), 'record', p.record, 'detail', p.detail, 'expires', now + p.ttlMs, 'delay', crawl_delay_ms)
call('PEXPIREAT', robots_key(origin), now + p.ttlMs + hour_ms)
call('ZREM', robots_claims, origin)
for _, scheme in ipairs({ 'http://', 'https://' }) do
  crawl_delay_ms = math.max(crawl_delay_ms, tonumber(call('HGET', robots_key(scheme .. host), 'delay') or 0))
end
if crawl_delay_ms > 0 then
  call('HSET', host_key(host), 'c', crawl_delay_ms)
else
  call('HDEL', host_key(host), 'c')
end
