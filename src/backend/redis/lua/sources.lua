-- sources({run}) -> [{source, cursor, ended}]   in the order of their names
-- @reads
-- @include sources
local kept, names = hash_of(sources_key(run_number(argument().run))), {}
for name in pairs(kept) do names[#names + 1] = name end
table.sort(names)
for i, name in ipairs(names) do names[i] = source_of(name, kept[name]) end
return list(names)
