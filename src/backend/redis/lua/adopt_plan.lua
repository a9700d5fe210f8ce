-- adopt_plan({run, plan: {plan, firstShard, shards, shardSize, createdAtMs, parts}}) -> bool
-- The store knows a plan that the backend does not: the backend lost its last moments. The plan's batches are planned, whatever the
-- backend thought of them, and its numbers are never given again.
-- @include batches
local p = argument()

-- 'row reason winner;...', the winner '' where there is none.
local function loser_text(losers)
  local all = {}
  for i, loser in ipairs(losers) do all[i] = loser.row .. ' ' .. loser.reason .. ' ' .. (loser.duplicateOf or '') end
  return table.concat(all, ';')
end

local no, plan, first, shards = run_number(p.run), p.plan.plan, p.plan.firstShard, p.plan.shards
if call('ZSCORE', plan_key(no, 'open'), plan) or call('SISMEMBER', plan_key(no, 'done'), plan) == 1 then return 'false' end
local batches, last = {}, tonumber(call('HGET', run_key(no), 'last_batch') or 0)
for i, part in ipairs(p.plan.parts) do
  local batch, kept = part.batch, #part.kept
  local key = batch_key(no, batch)
  local b = hash_of(key)
  if is_open(b.state) then
    if b.token then let_go(no, 'batch', batch) end
    call('ZREM', batch_key(no, 'free'), batch)
    drop_members(no, batch)
    add(no, 'batches_open', -1)
    add(no, 'kept', kept)
  elseif b.state == 'done' then
    call('ZREMRANGEBYSCORE', batch_key(no, 'done'), batch, batch)
    add(no, 'unplanned_kept', -tonumber(b.kept))
    add(no, 'unplanned_rows', -tonumber(b.rows))
  elseif not b.state then
    add(no, 'kept', kept)
  end
  call('DEL', key)
  call('HSET', key, 'state', 'planned', 'kept', kept, 'rows', part.rows, 'part', part.name, 'size', part.size, 'sha256', part.sha256,
    'kept_rows', table.concat(part.kept, ','), 'losers', loser_text(part.losers))
  call('HSET', batch_key(no, 'parts'), batch, part.name)
  batches[i] = batch
  last = math.max(last, tonumber(batch))
end
call('HSET', plan_key(no, plan), 'first', first, 'shards', shards, 'shard_size', p.plan.shardSize, 'created', p.plan.createdAtMs, 'batches', table.concat(batches, ','))
call('ZADD', plan_key(no, 'open'), 0, plan)
local run = fields(run_key(no), 'next_plan', 'next_shard')
call('HSET', run_key(no), 'last_batch', last, 'next_plan', math.max(tonumber(run[1] or 0), plan + 1),
  'next_shard', math.max(tonumber(run[2] or 0), first + shards))
add(no, 'plans_open', 1)
return 'true'
