-- lease_page_file({run, file, token, leaseMs, settleMs}) -> [{kind: rows, closedAtMs}, its chunks, '<when> <chunk>' each ...]
--   | [{kind: busy, inMs}] | [{kind: gone}]
-- Chunks are a megabyte and more: they are no part of the JSON, which would take the server tens of milliseconds to build.
-- @begins
-- @include leases
local p = argument()
local no = run_number(p.run)
local closed = call('HGET', page_file_key(no, p.file), 'closed')
if not closed then return { '{"kind":"gone"}' } end
local busy = busy_ms(p.token, no, 'page_file', p.file) or closed + p.settleMs - now
if busy > 0 then return { object('kind', '"busy"', 'inMs', busy) } end
hold(p.token, no, 'page_file', p.file, p.leaseMs)
local answer = call('LRANGE', page_rows_key(no, p.file), 0, -1)
table.insert(answer, 1, object('kind', '"rows"', 'closedAtMs', closed))
return answer
