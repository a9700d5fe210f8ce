-- KEYS  root
-- ARGV  run, limit
-- ->    committed batches that no plan has, in order: 'batch kept rows committed' for each; at last, what time it is now
local no, limit = run_number(take()), take_number()
local answer = call('ZRANGE', batch_key(no, 'done'), 0, limit - 1)
answer[#answer + 1] = now
return answer
