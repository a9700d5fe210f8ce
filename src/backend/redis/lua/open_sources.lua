-- open_sources({run, sources: [name]}) -> [{source, cursor, ended}]   in the order in which they were named
-- Tells the run what else candidates come from. One that it did not know opens a run that ended again.
-- @begins
-- @include sources
local p = argument()
local no, fresh, answer = run_number(p.run), 0, {}
for _, name in ipairs(p.sources) do fresh = fresh + call('HSETNX', sources_key(no), name, '0 ') end
if fresh > 0 then
  add(no, 'sources_open', fresh)
  add(no, 'seedings', 1)
  call('HDEL', run_key(no), 'ended')
end
for i, name in ipairs(p.sources) do answer[i] = source_of(name, call('HGET', sources_key(no), name)) end
return list(answer)
