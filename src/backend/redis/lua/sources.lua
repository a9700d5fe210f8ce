-- KEYS  root
-- ARGV  run
-- ->    for each source, in the order of their names: name, '1' where it was read to its end, else '0', its cursor
local no = run_number(take())
local names, answer = call('HKEYS', sources_key(no)), {}
table.sort(names)
for _, name in ipairs(names) do
  local ended, cursor = string.match(call('HGET', sources_key(no), name), '^(%d) (.*)$')
  answer[#answer + 1] = name
  answer[#answer + 1] = ended
  answer[#answer + 1] = cursor
end
return answer
