-- @include nearness known
-- Kept images by every two of the five chunks of their perceptual hash, 13, 13, 13, 13 and 12 bits: three flipped bits touch three chunks at
-- most, so two hashes within a distance of 3 agree in one pair at least (Manku et al. 2007). All ten pairs are in one table of small
-- hashes, grown as the sets of known.lua are: the address of a pair's value -> numbers of the images that have it. A value has N / 2^26 of
-- N images, so few are met whatever N; each of them is held against its whole hash, which is stored with its content.
local chunk_load = 50

local function open_chunks(no)
  local chunks = open_table(no, 'chunk')
  chunks.root = chunks.root .. 'p'
  return chunks
end

-- Of the ten pairs' values, of which each has 26 bits or 25. The factor spreads those that differ in few bits over the buckets; it is above 1,
-- so that no two have one address, and all fit into 31 bits.
local spread, spread_by = 1296139, 1048576
local function addresses_of(hash)
  local b1, b2, b3, b4, b5, b6, b7, b8 = string.byte(hash, 1, 8)
  local high, low = ((b1 * 256 + b2) * 256 + b3) * 256 + b4, ((b5 * 256 + b6) * 256 + b7) * 256 + b8
  local cut = { math.floor(high / 524288), math.floor(high / 64) % 8192, high % 64 * 128 + math.floor(low / 33554432), math.floor(low / 4096) % 8192, low % 4096 }
  local addresses = {}
  for one = 1, 4 do
    for other = one + 1, 5 do
      local value = #addresses * 67108864 + cut[one] * 8192 + cut[other]
      addresses[#addresses + 1] = math.floor(value * spread / spread_by)
    end
  end
  return addresses
end

local function search_chunks(chunks, hash, nearest)
  local met = {}
  for _, address in ipairs(addresses_of(hash)) do
    local images = call('HGET', chunks.root .. bucket_of(chunks, address), address)
    if images then
      for image in string.gmatch(images, '%d+') do
        if not met[image] then
          met[image] = true
          take_near(nearest, tonumber(image), distance_of(hash, hash_of_image(chunks.no, tonumber(image))))
        end
      end
    end
  end
end

local function add_to_chunks(chunks, image, hash)
  keep_hash(chunks.no, image, hash)
  for _, address in ipairs(addresses_of(hash)) do
    local bucket = chunks.root .. bucket_of(chunks, address)
    if call('HSETNX', bucket, address, image) == 1 then
      chunks.known = chunks.known + 1
      if chunks.known > chunks.buckets * chunk_load then split_hash(chunks, tonumber) end
    else
      call('HSET', bucket, address, call('HGET', bucket, address) .. ' ' .. image)
    end
  end
end
