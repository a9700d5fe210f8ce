-- @include nearness
-- Kept images by the four 16-bit bands of their perceptual hash: two hashes within a distance of 3 agree in at least one band. A band's key
-- holds one string for all images of that value: 10 bytes each, the six bytes of the other bands and the image's number, so that one read
-- gives every hash to compare with. A look-up reads N / 16,384 of the records of N images: good for some ten million.
local record_bytes = 10
local band_values = 65536
local find, byte, sub = string.find, string.byte, string.sub

-- band is 0 to 3, from the left of the hash's 8 bytes. Answers its four hex digits, and the bytes of the other three.
local function cut_band(hash, band)
  local at = band * 2
  return string.format('%02x%02x', byte(hash, at + 1, at + 2)), sub(hash, 1, at) .. sub(hash, at + 3)
end
local function image_of(records, at)
  local n1, n2, n3, n4 = string.byte(records, at + 6, at + 9)
  return n1 + n2 * 256 + n3 * 65536 + n4 * 16777216
end

-- Compared are the records that share a byte of the next band too (of the first one, behind the last). That misses none: a band shares no byte
-- where two bits or more were flipped in it, which of three flipped bits leaves one band at most. A whole band before any other than that one
-- finds the image. Were there none, the only whole band would be the one before it, and each of the other two had a flipped bit: four.
-- The records are found by a plain search, which reads a string many times as fast as a loop over them does.
local next_column = { [0] = 1, 3, 5, 1 }
local function search_bands(no, hash, nearest)
  for band = 0, 3 do
    local digits, own = cut_band(hash, band)
    local records = call('GET', band_key(no, band, digits))
    if records then
      local o1, o2, o3, o4, o5, o6 = byte(own, 1, 6)
      for column = next_column[band], next_column[band] + 1 do
        local shared = sub(own, column, column)
        local at = find(records, shared, column, true)
        while at do
          if (at - column) % record_bytes == 0 then
            local first = at - column + 1
            local b1, b2, b3, b4, b5, b6 = byte(records, first, first + 5)
            local distance = ones[xor(b1, o1)] + ones[xor(b3, o3)] + ones[xor(b5, o5)]
            if distance <= nearest.most then
              distance = distance + ones[xor(b2, o2)] + ones[xor(b4, o4)] + ones[xor(b6, o6)]
              if distance <= nearest.most then take_near(nearest, image_of(records, first), distance) end
            end
          end
          at = find(records, shared, at + 1, true)
        end
      end
    end
  end
end

local function add_to_bands(no, image, hash)
  local number = string.char(image % 256, math.floor(image / 256) % 256, math.floor(image / 65536) % 256, math.floor(image / 16777216) % 256)
  for band = 0, 3 do
    local digits, rest = cut_band(hash, band)
    call('APPEND', band_key(no, band, digits), rest .. number)
  end
end

-- Answers the images that have this value in the first band, from the first-th on, at most `most` of them: {image, hash}.
local function read_band(no, value, first, most)
  local digits, images = string.format('%04x', value), {}
  local records = call('GETRANGE', band_key(no, 0, digits), first * record_bytes, (first + most) * record_bytes - 1)
  local head = string.char(math.floor(value / 256), value % 256)
  for at = 1, #records, record_bytes do
    images[#images + 1] = { image = image_of(records, at), hash = head .. string.sub(records, at, at + 5) }
  end
  return images
end
local function free_bands(no, value)
  local keys = {}
  for band = 0, 3 do keys[band + 1] = band_key(no, band, string.format('%04x', value)) end
  call('UNLINK', unpack(keys))
end
