-- @include known
-- Kept images, by content and by the four 16-bit bands of their perceptual hash: two hashes within a distance of 3 agree in at least one
-- band. A band's key holds one string for all images of that value: 10 bytes each, the six bytes of the other bands and the image's
-- number, so that one read gives every hash to compare with.
local record_bytes = 10

local ones = { [0] = 0 }
for byte = 1, 255 do ones[byte] = ones[math.floor(byte / 2)] + byte % 2 end
local xor = bit.bxor

-- band is 0 to 3, from the left of the 16 hex digits. Answers its four digits, and the bytes of the other three.
local function cut_band(phash, band)
  local digits = string.sub(phash, band * 4 + 1, band * 4 + 4)
  local rest = string.sub(phash, 1, band * 4) .. string.sub(phash, band * 4 + 5)
  local bytes = {}
  for i = 1, 6 do bytes[i] = tonumber(string.sub(rest, i * 2 - 1, i * 2), 16) end
  return digits, bytes
end

-- Numbers of images go in blocks into small hashes.
local block_images = 64
local function content_of(no, image)
  local stored = call('HGET', image_key(no, math.floor(image / block_images)), image % block_images)
  if string.sub(stored, 1, 1) == 't' then return string.sub(stored, 2) end
  return (string.gsub(string.sub(stored, 2), '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end

-- The nearest kept image within the Hamming distance, the first by its content hash among equals; nil = there is none.
local function near_image(no, phash, distance)
  local best, nearest = distance + 1, {}
  for band = 0, 3 do
    local digits, own = cut_band(phash, band)
    local records = call('GET', band_key(no, band, digits))
    if records then
      local o1, o2, o3, o4, o5, o6 = unpack(own)
      for at = 1, #records, record_bytes do
        local b1, b2, b3, b4, b5, b6 = string.byte(records, at, at + 5)
        local d = ones[xor(b1, o1)] + ones[xor(b2, o2)]
        -- Most differ by far in two bytes already.
        if d <= best and d <= distance then
          d = d + ones[xor(b3, o3)] + ones[xor(b4, o4)] + ones[xor(b5, o5)] + ones[xor(b6, o6)]
          if d <= best and d <= distance then
            if d < best then best, nearest = d, {} end
            local n1, n2, n3, n4 = string.byte(records, at + 6, at + 9)
            nearest[n1 + n2 * 256 + n3 * 65536 + n4 * 16777216] = true
          end
        end
      end
    end
  end
  local winner
  for image in pairs(nearest) do
    local content = content_of(no, image)
    if not winner or content < winner then winner = content end
  end
  return winner
end

local function remember_image(no, content, phash)
  local image = call('HINCRBY', run_key(no), 'last_image', 1)
  call('HSET', image_key(no, math.floor(image / block_images)), image % block_images, content)
  local number = string.char(image % 256, math.floor(image / 256) % 256, math.floor(image / 65536) % 256, math.floor(image / 16777216) % 256)
  for band = 0, 3 do
    local digits, rest = cut_band(phash, band)
    call('APPEND', band_key(no, band, digits), string.char(unpack(rest)) .. number)
  end
end
