-- lease_page_file({run, file, token, leaseMs, settleMs}) -> [{kind: rows, closedAtMs}, its chunks, '<when> <chunk>' each ...]
--   | [{kind: busy, inMs}] | [{kind: gone}]
-- Chunks are a megabyte and more: they are no part of the JSON, which would take the server tens of milliseconds to build.
-- @begins
local p = argument()
local no = run_number(p.run)
local until_ = tonumber(call('ZSCORE', full_files_key(no), p.file) or nil)
if not until_ then return { '{"kind":"gone"}' } end
local file = fields(page_file_key(no, p.file), 'token', 'closed')
local settled = tonumber(file[2]) + p.settleMs
if file[1] and file[1] ~= p.token and until_ > now then return { object('kind', '"busy"', 'inMs', until_ - now) } end
if settled > now then return { object('kind', '"busy"', 'inMs', settled - now) } end
call('HSET', page_file_key(no, p.file), 'token', p.token)
call('ZADD', full_files_key(no), now + p.leaseMs, p.file)
local answer = call('LRANGE', page_rows_key(no, p.file), 0, -1)
table.insert(answer, 1, object('kind', '"rows"', 'closedAtMs', file[2]))
return answer
