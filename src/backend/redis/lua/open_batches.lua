-- open_batches({run, limit}) -> [batch]   those that are open and held by nobody: the scheduler notifies them. Those whose holders died come first,
-- then those of rejects, then the others, as they were made.
-- A lease that ran out is listed even where the run may keep no more: it counts as work under way until it is given back.
-- @reads
-- @include batches
local p = argument()
local no, limit = run_number(p.run), p.limit
local found = call('ZRANGEBYSCORE', batch_key(no, 'held'), '-inf', now, 'LIMIT', 0, limit)
if not is_closed_to_batches(no) then
  for _, batch in ipairs(call('ZRANGE', batch_key(no, 'free'), 0, limit - 1)) do found[#found + 1] = batch end
end
local answer = {}
for i = 1, math.min(limit, #found) do answer[i] = found[i] end
return texts(answer)
