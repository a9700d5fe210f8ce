-- KEYS  root
-- ARGV  run, file, token
local no, file, token = run_number(take()), take(), take()
if call('HGET', page_file_key(no, file), 'token') ~= token then return end
call('HDEL', page_file_key(no, file), 'token')
call('ZADD', full_files_key(no), 0, file)
