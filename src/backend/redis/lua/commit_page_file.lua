-- KEYS  root
-- ARGV  run, file, token
-- ->    1, or 0 where the lease is lost
-- The store has it.
local no, file, token = run_number(take()), take(), take()
local f = fields(page_file_key(no, file), 'token', 'rows')
if f[1] ~= token then return 0 end
call('UNLINK', page_rows_key(no, file), page_file_key(no, file))
call('ZREM', full_files_key(no), file)
add(no, 'page_rows', -tonumber(f[2]))
return 1
