-- sources({run}) -> [{source, cursor, ended}]   in the order of their names
-- @reads
-- @include sources
local no = run_number(argument().run)
local names, answer = call('HKEYS', sources_key(no)), {}
table.sort(names)
for i, name in ipairs(names) do answer[i] = source_of(no, name) end
return list(answer)
