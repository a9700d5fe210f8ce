-- claim_site_record({key, claimMs}) -> {kind: known, record} | {kind: fetch} | {kind: busy, inMs}
-- `fetch` makes the caller the one that asks the site; put_site_record ends that.
local p = argument()
local known = fields(site_record_key(p.key), 'record', 'expires')
if known[1] and tonumber(known[2]) > now then return object('kind', '"known"', 'record', known[1]) end
call('ZREMRANGEBYSCORE', site_record_claims, '-inf', now)
local claimed_until = call('ZSCORE', site_record_claims, p.key)
if claimed_until then return object('kind', '"busy"', 'inMs', tonumber(claimed_until) - now) end
call('ZADD', site_record_claims, now + p.claimMs, p.key)
return '{"kind":"fetch"}'
