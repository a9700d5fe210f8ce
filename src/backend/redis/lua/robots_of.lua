-- robots_of({origin, claimMs}) -> {kind: known, record} | {kind: fetch} | {kind: busy, inMs}
-- `fetch` makes the caller the one that fetches it; put_robots ends that.
local p = argument()
local robots = fields(robots_key(p.origin), 'record', 'expires')
if robots[1] and tonumber(robots[2]) > now then return object('kind', '"known"', 'record', robots[1]) end
call('ZREMRANGEBYSCORE', robots_claims, '-inf', now)
local claimed_until = call('ZSCORE', robots_claims, p.origin)
if claimed_until then return object('kind', '"busy"', 'inMs', tonumber(claimed_until) - now) end
call('ZADD', robots_claims, now + p.claimMs, p.origin)
return '{"kind":"fetch"}'
