-- release_page_file({run, file, token})
local p = argument()
local no = run_number(p.run)
if call('HGET', page_file_key(no, p.file), 'token') ~= p.token then return end
call('HDEL', page_file_key(no, p.file), 'token')
call('ZADD', full_files_key(no), 0, p.file)
