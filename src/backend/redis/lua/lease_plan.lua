-- lease_plan({run, plan, token, leaseMs}) -> {kind: plan, plan: {plan, firstShard, shards, shardSize, createdAtMs, parts: [{batch, name, ...}]}}
--   | {kind: busy, inMs} | {kind: gone}
-- @begins
-- @include plans
local p = argument()
local no, plan = run_number(p.run), p.plan
local until_ = tonumber(call('ZSCORE', plan_key(no, 'open'), plan) or nil)
if not until_ then return '{"kind":"gone"}' end
local kept = fields(plan_key(no, plan), 'first', 'shards', 'shard_size', 'created', 'batches', 'token')
if kept[6] and kept[6] ~= p.token and until_ > now then return object('kind', '"busy"', 'inMs', until_ - now) end
call('HSET', plan_key(no, plan), 'token', p.token)
call('ZADD', plan_key(no, 'open'), now + p.leaseMs, plan)
local parts = {}
for batch in string.gmatch(kept[5], '%d+') do parts[#parts + 1] = part_of(no, batch) end
return object('kind', '"plan"', 'plan', object('plan', plan, 'firstShard', kept[1], 'shards', kept[2], 'shardSize', kept[3],
  'createdAtMs', kept[4], 'parts', list(parts)))
