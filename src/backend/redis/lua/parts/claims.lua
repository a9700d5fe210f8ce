-- @include bands chunks
-- Kept images by their perceptual hash. A commit adds them to a list, which takes microseconds; settle_images puts them from there into the
-- bands, or into the table of chunks, a few in a script. So everybody looks there and into the list.
--
-- A run begins with bands. Once it has as many images as its callers set as the mark, it moves over: what comes from then on goes into both,
-- the older images are copied into the chunks, in slices, and look-ups go to the bands. When all are copied they go to the chunks, and the
-- bands are freed, in slices. Of the run's fields:
--   last_image    the number of the image that was claimed last
--   settled       up to which number they are in bands or chunks; absent = all
--   bands_last    the number up to which images were in bands alone when the move began; absent = it did not
--   bands_at      the value of the first band that is copied next; band_values more = that is freed next, with those of the other bands
--   bands_done    how many images of that value are copied

-- So many stay in the list after they were settled, for the commits that looked before.
local recent_images = 1024

local function open_images(no)
  local run = fields(run_key(no), 'last_image', 'settled', 'bands_last', 'bands_at', 'bands_done')
  local last, moves, at = tonumber(run[1] or 0), run[3] and true, tonumber(run[4] or 0)
  return {
    no = no, last = last, settled = tonumber(run[2] or last), bands_last = tonumber(run[3] or 0), at = at, done = tonumber(run[5] or 0), moves = moves,
    -- Where look-ups go, and where what is settled goes.
    bands = not moves or at < band_values, chunks = moves and open_chunks(no),
  }
end
-- Those that were claimed after this image: {image, hash}, in order.
local function recent_of(images, after)
  local found = {}
  if after >= images.last then return found end
  for _, record in ipairs(call('LRANGE', recent_key(images.no), after - images.last, -1)) do
    local image = tonumber(string.sub(record, 9))
    if image > after then found[#found + 1] = { image = image, hash = string.sub(record, 1, 8) } end
  end
  return found
end

-- Images by the bands of their hashes, for the time of a script.
local function band_names(hash)
  return '0' .. string.sub(hash, 1, 2), '1' .. string.sub(hash, 3, 4), '2' .. string.sub(hash, 5, 6), '3' .. string.sub(hash, 7, 8)
end
local function add_to_index(index, record)
  for _, name in ipairs({ band_names(record.hash) }) do
    local there = index[name]
    if there then there[#there + 1] = record else index[name] = { record } end
  end
end
local function index_of(records)
  local index = {}
  for _, record in ipairs(records) do add_to_index(index, record) end
  return index
end
local function search_index(index, hash, nearest)
  for _, name in ipairs({ band_names(hash) }) do
    for _, record in ipairs(index[name] or {}) do take_near(nearest, record.image, distance_of(hash, record.hash)) end
  end
end
-- The winner, at this distance, or one of the index that is nearer, or as near and before it. '' = none.
local function nearer_of(images, index, hash, winner, distance)
  local nearest = nearest_within(distance)
  search_index(index, hash, nearest)
  local other = winner_of(images.no, nearest)
  if not other then return winner end
  return winner ~= '' and nearest.most == distance and winner < other and winner or other
end

-- Adds an image that is claimed to the list; answers it as a record.
local function remember_image(images, content, hash)
  if images.last == images.settled then call('HSET', run_key(images.no), 'settled', images.last) end
  images.last = call('HINCRBY', run_key(images.no), 'last_image', 1)
  keep_content(images.no, images.last, content)
  call('RPUSH', recent_key(images.no), hash .. string.format('%.0f', images.last))
  return { image = images.last, hash = hash }
end

-- The nearest image that is in bands or chunks, or among the recent ones of this index.
local function search_images(images, index, hash, distance)
  local nearest = nearest_within(distance)
  if images.bands then search_bands(images.no, hash, nearest) else search_chunks(images.chunks, hash, nearest) end
  search_index(index, hash, nearest)
  return nearest
end

-- Bands that are looked into, or freed, in one slice: most may be empty.
local copied_values, freed_values = 2048, 256

-- Copies so many images from bands to chunks, or frees some bands.
local function move_images(images, most)
  local no, at, done = images.no, images.at, images.done
  if at < band_values then
    for _ = 1, copied_values do
      if most == 0 or at == band_values then break end
      local some = read_band(no, at, done, most)
      for _, record in ipairs(some) do
        if record.image <= images.bands_last then add_to_chunks(images.chunks, record.image, record.hash) end
      end
      if #some < most then at, done = at + 1, 0 else done = done + #some end
      most = most - #some
    end
  else
    for _ = 1, freed_values do
      if at == 2 * band_values then break end
      free_bands(no, at - band_values)
      at = at + 1
    end
  end
  call('HSET', run_key(no), 'bands_at', at, 'bands_done', done)
end
