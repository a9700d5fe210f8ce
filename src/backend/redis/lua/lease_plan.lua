-- lease_plan({run, plan, token, leaseMs})
--   -> [{kind: plan, plan: {plan, firstShard, shards, shardSize, createdAtMs, parts: [{batch, name, ...}]}}, losers of each part ('row reason winner;...') ...]
--    | [{kind: busy, inMs}] | [{kind: gone}]
-- @begins
-- @include leases
local p = argument()
local no, plan = run_number(p.run), p.plan
if not call('ZSCORE', plan_key(no, 'open'), plan) then return { '{"kind":"gone"}' } end
local busy = busy_ms(p.token, no, 'plan', plan)
if busy then return { object('kind', '"busy"', 'inMs', busy) } end
hold(p.token, no, 'plan', plan, p.leaseMs)
local kept = fields(plan_key(no, plan), 'first', 'shards', 'shard_size', 'created', 'batches')
local parts, answer = {}, {}
for batch in string.gmatch(kept[5], '%d+') do
  local b = fields(batch_key(no, batch), 'part', 'size', 'sha256', 'rows', 'kept_rows', 'losers')
  parts[#parts + 1] = object('batch', text(batch), 'name', text(b[1]), 'size', b[2], 'sha256', text(b[3]), 'rows', b[4], 'kept', list({ b[5] }))
  answer[#parts + 1] = b[6]
end
answer[1] = object('kind', '"plan"', 'plan', object('plan', plan, 'firstShard', kept[1], 'shards', kept[2], 'shardSize', kept[3],
  'createdAtMs', kept[4], 'parts', list(parts)))
return answer
