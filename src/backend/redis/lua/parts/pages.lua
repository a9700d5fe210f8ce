-- A file of the page ledger takes no more rows once it has so many.
local page_file_rows = 10000

-- Makes the file that is filling a full one where it has at least so many rows.
local function close_page_file(no, least)
  local run = fields(run_key(no), 'page_file', 'page_file_rows')
  local file, rows = tonumber(run[1] or 0), tonumber(run[2] or 0)
  if rows < least then return end
  call('HSET', page_file_key(no, file), 'rows', rows, 'closed', now)
  call('ZADD', full_files_key(no), 0, file)
  call('HSET', run_key(no), 'page_file', file + 1, 'page_file_rows', 0)
end

-- Puts a chunk of so many rows into the file that is filling.
local function add_chunk(no, rows, at, chunk)
  call('RPUSH', page_rows_key(no, call('HGET', run_key(no), 'page_file') or 0), at .. ' ' .. chunk)
  call('HINCRBY', run_key(no), 'page_file_rows', rows)
  close_page_file(no, page_file_rows)
end
local function add_page_rows(no, rows, chunk)
  if rows == 0 then return end
  add_chunk(no, rows, now, chunk)
  add(no, 'page_rows', rows)
end

-- The URLs that wait under a key go into the page ledger, whose rows are made of them later: a host may have more than one script can take.
local function drop_waiting(no, key, reason, host, word)
  if call('EXISTS', key) == 0 then return end
  local n = call('HINCRBY', run_key(no), 'last_dropped', 1)
  call('RENAME', key, dropped_urls_key(no, n))
  call('RPUSH', dropped_key(no), n .. ' ' .. now .. ' ' .. reason .. ' ' .. host .. ' ' .. word)
end

-- Makes a chunk of up to so many URLs that were dropped. False = there are none.
local function chunk_dropped(no, most)
  local dropped = call('LINDEX', dropped_key(no), 0)
  if not dropped then return false end
  local n, at, reason, host, word = string.match(dropped, '^(%d+) (%d+) (%S+) (%S+) (.*)$')
  local key, records = dropped_urls_key(no, n), {}
  if call('TYPE', key).ok == 'list' then
    records = call('LPOP', key, most)
  else
    local popped = call('ZPOPMIN', key, most)
    for i = 1, #popped, 2 do records[#records + 1] = popped[i] end
  end
  if call('EXISTS', key) == 0 then call('LPOP', dropped_key(no)) end
  local urls = {}
  for i, record in ipairs(records) do urls[i] = string.gsub(record, '^%d+ (%d+ %d+) %d+ %S* ', '%1 ', 1) end
  add_chunk(no, #urls, at, '{"host":' .. cjson.encode(host) .. ',"dropped":"' .. reason .. '","by":' .. word .. ',"urls":' .. cjson.encode(urls) .. '}')
  return true
end
