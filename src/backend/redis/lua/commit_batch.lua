-- ARGV  run, batch, token, name of this commit, most distance, dedupe (near, exact, off), the image that was claimed last when the kept
--       rows were looked up (find_duplicates; '' = they were not), part: name ('' = no candidate has a row),
--       size, sha256, rows; candidates without a row; cited: numbers of contents, each once; deferred: n, then id and delay ms for each;
--       kept, best score first: n, then row, content hash, its number, its bytes ('t' and text, or 'x' and 32 bytes), perceptual hash, and the
--       nearest image that was found and its distance ('' = none); counters: n, then name and count for each
-- ->    'committed', kept, losers ('row reason winner;...', no winner = max_pairs) | 'lost' | 'stale' | 'late': more images were claimed since it was
--       looked than are remembered
-- Claims the images of the kept rows. Who finds an image claimed is a loser: its row will say so. 'stale': an image that a duplicate
-- cites is kept no more; the batch is free again and will be looked at anew. A commit that is sent twice is done once.
-- @include batches claims
local no, batch, token, name, distance, dedupe, looked = run_number(take()), take(), take(), take(), take_number(), take(), take_number()
local part, part_size, part_sha256, rows, dropped = take(), take(), take(), take_number(), take_number()
local b = hash_of(batch_key(no, batch))
if b.x == name then return { 'committed', b.kept, b.losers } end
if not is_open(b.state) or b.token ~= token then return { 'lost' } end

local set, images = open_table(no, 'image'), open_images(no)
for _, number in ipairs(take_list()) do
  if not is_known(set, number) then
    let_go(no, 'batch', batch)
    call('HINCRBY', batch_key(no, batch), 'starts', -1)
    return { 'stale' }
  end
end
looked = looked or images.last
if images.last - looked > recent_images then return { 'late' } end
local deferrals, delays = take_number(), {}
for _ = 1, deferrals do
  local id = take()
  delays[id] = take_number()
end
local size = tonumber(b.rejects or call('LLEN', members_key(no, batch)))
if rows + deferrals + dropped ~= size then
  return redis.error_reply(string.format('ERR batch %s ledgers %d rows and defers %d, but has %d candidates', batch, rows, deferrals, size))
end
local deferred = {}
if deferrals > 0 then
  for _, record in ipairs(members_of(no, batch)) do
    local id, attempts, host, body = string.match(record, '^(%d+) (%d+) (%S*) (.*)$')
    if delays[id] then deferred[#deferred + 1] = { attempts = attempts + 1, host = host, body = body, at = now + delays[id] } end
  end
  if #deferred ~= deferrals then
    return redis.error_reply(string.format('ERR batch %s defers %d candidates, of which it has %d', batch, deferrals, #deferred))
  end
end

-- Everything is as it must be: from here on, writes.
local run = fields(run_key(no), 'max_pairs', 'kept')
local room = run[1] and tonumber(run[1]) - tonumber(run[2] or 0)
local kept, losers, reasons = {}, {}, {}
local function lose(row, reason, winner)
  losers[#losers + 1] = row .. ' ' .. reason .. ' ' .. winner
  reasons[reason] = (reasons[reason] or 0) + 1
end
-- An image that was near when it was looked up is so still. Only those that were claimed since may be near too, or nearer.
local index = index_of(recent_of(images, looked))
for _ = 1, take_number() do
  local row, content, number, bytes, hash, winner, at = take(), take(), take(), take(), hash_of_digits(take()), take(), take_number()
  if dedupe == 'near' then winner = nearer_of(images, index, hash, winner, at or distance) end
  if dedupe ~= 'off' and is_known(set, number) then
    lose(row, 'duplicate_exact', content)
  elseif winner ~= '' then
    lose(row, 'duplicate_near', winner)
  elseif room and #kept >= room then
    lose(row, 'max_pairs', '')
  else
    kept[#kept + 1] = tonumber(row)
    if dedupe ~= 'off' then add_known(set, number) end
    if dedupe == 'near' then add_to_index(index, remember_image(images, bytes, hash)) end
  end
end
close_table(set)
table.sort(kept)
local lost = table.concat(losers, ';')

buffer_candidates(no, deferred, true)
let_go(no, 'batch', batch)
call('ZREM', batch_key(no, 'free'), batch)
drop_members(no, batch)
if part == '' then
  call('DEL', batch_key(no, batch))
else
  call('HSET', batch_key(no, batch), 'state', 'done', 'x', name, 'kept', #kept, 'rows', rows, 'part', part, 'size', part_size, 'sha256', part_sha256,
    'kept_rows', table.concat(kept, ','), 'losers', lost)
  call('ZADD', batch_key(no, 'done'), batch, string.format('%s %d %d %.0f', batch, #kept, rows, now))
  call('HSET', batch_key(no, 'parts'), batch, part)
end
take_counters(no)
count(no, 'kept', #kept)
for reason, n in pairs(reasons) do count(no, 'rejected:' .. reason, n) end
add(no, 'batches_open', -1)
add(no, 'kept', #kept)
if part ~= '' then
  add(no, 'unplanned_kept', #kept)
  add(no, 'unplanned_rows', rows)
end
return { 'committed', #kept, lost }
