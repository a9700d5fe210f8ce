-- unplanned_parts({run, limit}) -> [{batch, kept, rows, agoMs}]   committed batches that no plan has, in order
-- @reads
local p = argument()
local parts = call('ZRANGE', batch_key(run_number(p.run), 'done'), 0, p.limit - 1)
for i, part in ipairs(parts) do
  local batch, kept, rows, committed = string.match(part, '^(%S+) (%S+) (%S+) (%S+)$')
  parts[i] = object('batch', text(batch), 'kept', kept, 'rows', rows, 'agoMs', now - tonumber(committed))
end
return list(parts)
