-- KEYS  root
-- ARGV  run, closing (1 = the file that is filling is full too)
-- ->    1 where more is to be made of URLs that were dropped, so that it must be called again, else 0; full files that nobody holds
-- @include pages
local no, closing = run_number(take()), take()
for _ = 1, 5 do
  if not chunk_dropped(no, 200) then break end
end
local more = call('EXISTS', dropped_key(no))
if closing == '1' and more == 0 then close_page_file(no, 1) end
local files = { more }
for _, file in ipairs(call('ZRANGEBYSCORE', full_files_key(no), '-inf', now)) do files[#files + 1] = file end
return files
