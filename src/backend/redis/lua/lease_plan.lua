-- KEYS  root
-- ARGV  run, plan, token, lease ms
-- ->    'plan', first shard, shards, shard size, created ms, then for each part: batch, name, size, sha256, rows, kept rows ('1,2'),
--       losers ('row reason winner;...')
--     | 'busy', ms | 'gone'
local no, plan, token, lease_ms = run_number(take()), take(), take(), take_number()
local until_ = tonumber(call('ZSCORE', plan_key(no, 'open'), plan) or nil)
if not until_ then return { 'gone' } end
local p = fields(plan_key(no, plan), 'first', 'shards', 'shard_size', 'created', 'batches', 'token')
if p[6] and p[6] ~= token and until_ > now then return { 'busy', until_ - now } end
call('HSET', plan_key(no, plan), 'token', token)
call('ZADD', plan_key(no, 'open'), now + lease_ms, plan)
local answer = { 'plan', p[1], p[2], p[3], p[4] }
for batch in string.gmatch(p[5], '%d+') do
  local b = fields(batch_key(no, batch), 'part', 'size', 'sha256', 'rows', 'kept_rows', 'losers')
  answer[#answer + 1] = batch
  for i = 1, 6 do answer[#answer + 1] = b[i] end
end
return answer
