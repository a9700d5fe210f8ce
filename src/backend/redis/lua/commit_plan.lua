-- commit_plan({run, plan, token, counters}) -> {kind: committed} | {kind: lost}
-- Its shards are in the store: its parts and batches are needed no more.
local p = argument()
local no, plan = run_number(p.run), p.plan
local kept = fields(plan_key(no, plan), 'token', 'batches')
if kept[1] ~= p.token then return '{"kind":"lost"}' end
local batches = {}
for batch in string.gmatch(kept[2], '%d+') do
  batches[#batches + 1] = batch
  call('DEL', batch_key(no, batch))
end
call_with('HDEL', batch_key(no, 'parts'), batches)
call('DEL', plan_key(no, plan))
call('ZREM', plan_key(no, 'open'), plan)
call('SADD', plan_key(no, 'done'), plan)
add(no, 'plans_open', -1)
add_counters(no, p.counters)
return '{"kind":"committed"}'
