-- KEYS  root
-- ARGV  run, sources (a list)
-- ->    for each: '1' where it was read to its end, else '0'; its cursor
-- Tells the run what else candidates come from. One that it did not know opens a run that ended again.
local no, names = run_number(take()), take_list()
local fresh, answer = 0, {}
for _, name in ipairs(names) do fresh = fresh + call('HSETNX', sources_key(no), name, '0 ') end
if fresh > 0 then
  add(no, 'sources_open', fresh)
  add(no, 'seedings', 1)
  call('HDEL', run_key(no), 'ended')
end
for _, name in ipairs(names) do
  local ended, cursor = string.match(call('HGET', sources_key(no), name), '^(%d) (.*)$')
  answer[#answer + 1] = ended
  answer[#answer + 1] = cursor
end
return answer
