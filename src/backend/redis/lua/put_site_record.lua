-- put_site_record({key, host, record, detail, ttlMs, crawlDelayMs})
-- The host's delay is the longer one of those that its http and its https origin ask for.
local p = argument()
local key, host, crawl_delay_ms = p.key, p.host, p.crawlDelayMs
local hour_ms = 3600000
call('HSET', site_record_key(key), 'record', p.record, 'detail', p.detail, 'expires', now + p.ttlMs, 'delay', crawl_delay_ms)
call('PEXPIREAT', site_record_key(key), now + p.ttlMs + hour_ms)
call('ZREM', site_record_claims, key)
for _, scheme in ipairs({ 'http://', 'https://' }) do
  crawl_delay_ms = math.max(crawl_delay_ms, tonumber(call('HGET', site_record_key(scheme .. host), 'delay') or 0))
end
if crawl_delay_ms > 0 then
  call('HSET', host_key(host), 'c', crawl_delay_ms)
else
  call('HDEL', host_key(host), 'c')
end
