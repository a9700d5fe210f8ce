-- KEYS  root
-- ARGV  origin, ms for which a claim is believed
-- ->    'known', record (JSON) | 'fetch' | 'busy', ms
-- 'fetch' makes the caller the one that fetches it; put_robots ends that.
local origin, claim_ms = take(), take_number()
local robots = fields(robots_key(origin), 'record', 'expires')
if robots[1] and tonumber(robots[2]) > now then return { 'known', robots[1] } end
call('ZREMRANGEBYSCORE', robots_claims, '-inf', now)
local claimed_until = call('ZSCORE', robots_claims, origin)
if claimed_until then return { 'busy', tonumber(claimed_until) - now } end
call('ZADD', robots_claims, now + claim_ms, origin)
return { 'fetch' }
