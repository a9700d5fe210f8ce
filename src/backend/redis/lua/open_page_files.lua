-- open_page_files({run, closing}) -> [file] | null   full ones that nobody holds; closing = the one that is filling is full too
-- null: more is to be made of URLs that were dropped, so it is to be called again.
-- @include pages
local p = argument()
local no = run_number(p.run)
for _ = 1, 5 do
  if not chunk_dropped(no, 200) then break end
end
if call('EXISTS', dropped_key(no)) == 1 then return end
if p.closing then close_page_file(no, 1) end
local files = call('ZRANGEBYSCORE', full_files_key(no), '-inf', now)
table.sort(files, function(a, b) return tonumber(a) < tonumber(b) end)
return list(files)
