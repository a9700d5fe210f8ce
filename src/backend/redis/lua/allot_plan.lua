-- allot_plan({run, batches: [batch], shards, shardSize}) -> plan | null   null where one of the batches is planned already
-- @begins
local p = argument()
local no, batches = run_number(p.run), p.batches
if #batches == 0 then return false end
local kept, rows, seen = 0, 0, {}
for _, batch in ipairs(batches) do
  local b = fields(batch_key(no, batch), 'state', 'kept', 'rows')
  if b[1] ~= 'done' or seen[batch] then return false end
  seen[batch] = true
  kept, rows = kept + tonumber(b[2]), rows + tonumber(b[3])
end
local run = fields(run_key(no), 'next_plan', 'next_shard')
local plan, first = tonumber(run[1] or 0), tonumber(run[2] or 0)
for _, batch in ipairs(batches) do
  call('HSET', batch_key(no, batch), 'state', 'planned')
  call('ZREMRANGEBYSCORE', batch_key(no, 'done'), batch, batch)
end
table.sort(batches, function(a, b) return tonumber(a) < tonumber(b) end)
call('HSET', plan_key(no, plan), 'first', first, 'shards', p.shards, 'shard_size', p.shardSize, 'created', now, 'batches', table.concat(batches, ','))
call('ZADD', plan_key(no, 'open'), 0, plan)
call('HSET', run_key(no), 'next_plan', plan + 1, 'next_shard', first + p.shards)
add(no, 'plans_open', 1)
add(no, 'unplanned_kept', -kept)
add(no, 'unplanned_rows', -rows)
return plan
