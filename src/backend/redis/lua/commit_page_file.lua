-- commit_page_file({run, file, token}) -> committed | lost   the store has it
local p = argument()
local no = run_number(p.run)
local file = fields(page_file_key(no, p.file), 'token', 'rows')
if file[1] ~= p.token then return '"lost"' end
call('UNLINK', page_rows_key(no, p.file), page_file_key(no, p.file))
call('ZREM', full_files_key(no), p.file)
add(no, 'page_rows', -tonumber(file[2]))
return '"committed"'
