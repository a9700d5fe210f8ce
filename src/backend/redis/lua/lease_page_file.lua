-- KEYS  root
-- ARGV  run, file, token, lease ms, settle ms
-- ->    its chunks, '<when> <chunk>' each; when it was full; 'rows'
--     | ms, 'busy' | 'gone'
local no, file, token, lease_ms, settle_ms = run_number(take()), take(), take(), take_number(), take_number()
local until_ = tonumber(call('ZSCORE', full_files_key(no), file) or nil)
if not until_ then return { 'gone' } end
local f = fields(page_file_key(no, file), 'token', 'closed')
if f[1] and f[1] ~= token and until_ > now then return { until_ - now, 'busy' } end
if tonumber(f[2]) + settle_ms > now then return { tonumber(f[2]) + settle_ms - now, 'busy' } end
call('HSET', page_file_key(no, file), 'token', token)
call('ZADD', full_files_key(no), now + lease_ms, file)
local answer = call('LRANGE', page_rows_key(no, file), 0, -1)
answer[#answer + 1] = f[2]
answer[#answer + 1] = 'rows'
return answer
