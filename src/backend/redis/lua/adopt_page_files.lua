-- adopt_page_files({run, last})   the store has files up to this one: what is filling is to be a later one
local p = argument()
local no, next_ = run_number(p.run), p.last + 1
local file = tonumber(call('HGET', run_key(no), 'page_file') or 0)
if file >= next_ then return end
if call('EXISTS', page_rows_key(no, file)) == 1 then call('RENAME', page_rows_key(no, file), page_rows_key(no, next_)) end
call('HSET', run_key(no), 'page_file', next_)
