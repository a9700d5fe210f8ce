-- unplanned_parts({run, limit}) -> committed batches that no plan has, in order: 'batch kept rows committed' for each; at last, what time it is now
-- @reads
local p = argument()
local answer = call('ZRANGE', batch_key(run_number(p.run), 'done'), 0, p.limit - 1)
answer[#answer + 1] = now
return answer
