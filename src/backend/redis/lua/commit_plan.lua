-- KEYS  root
-- ARGV  run, plan, token, counters: n, then name and count for each
-- ->    1, or 0 where the lease is lost
-- Its shards are in the store: its parts and batches are needed no more.
local no, plan, token = run_number(take()), take(), take()
local p = fields(plan_key(no, plan), 'token', 'batches')
if p[1] ~= token then return 0 end
local batches = {}
for batch in string.gmatch(p[2], '%d+') do
  batches[#batches + 1] = batch
  call('DEL', batch_key(no, batch))
end
call_with('HDEL', batch_key(no, 'parts'), batches)
call('DEL', plan_key(no, plan))
call('ZREM', plan_key(no, 'open'), plan)
call('SADD', plan_key(no, 'done'), plan)
add(no, 'plans_open', -1)
take_counters(no)
return 1
