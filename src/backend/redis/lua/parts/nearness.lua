-- Perceptual hashes, of 8 bytes, and the images of which one is within a distance, by their numbers.
local xor = bit.bxor
local ones = { [0] = 0 }
for byte = 1, 255 do ones[byte] = ones[math.floor(byte / 2)] + byte % 2 end

local function distance_of(one, other)
  local a1, a2, a3, a4, a5, a6, a7, a8 = string.byte(one, 1, 8)
  local b1, b2, b3, b4, b5, b6, b7, b8 = string.byte(other, 1, 8)
  return ones[xor(a1, b1)] + ones[xor(a2, b2)] + ones[xor(a3, b3)] + ones[xor(a4, b4)]
    + ones[xor(a5, b5)] + ones[xor(a6, b6)] + ones[xor(a7, b7)] + ones[xor(a8, b8)]
end
-- Of 16 hex digits.
local function hash_of_digits(digits)
  return (string.gsub(digits, '%x%x', function(two) return string.char(tonumber(two, 16)) end))
end

-- Images go in blocks into small hashes: number -> content, and 'h' and the number -> perceptual hash, where it is looked for by chunks.
local block_images = 64
local function slot_of(no, image) return image_key(no, math.floor(image / block_images)), image % block_images end
local function keep_content(no, image, content)
  local key, slot = slot_of(no, image)
  call('HSET', key, slot, content)
end
local function content_of(no, image)
  local stored = call('HGET', slot_of(no, image))
  if string.sub(stored, 1, 1) == 't' then return string.sub(stored, 2) end
  return (string.gsub(string.sub(stored, 2), '.', function(byte) return string.format('%02x', string.byte(byte)) end))
end
local function keep_hash(no, image, hash)
  local key, slot = slot_of(no, image)
  call('HSET', key, 'h' .. slot, hash)
end
local function hash_of_image(no, image)
  local key, slot = slot_of(no, image)
  return call('HGET', key, 'h' .. slot)
end

-- The nearest images that were met, all of them at the distance `most`: further ones are not taken.
local function nearest_within(distance) return { most = distance, images = {} } end
local function take_near(nearest, image, distance)
  if distance > nearest.most then return end
  if distance < nearest.most then nearest.most, nearest.images = distance, {} end
  nearest.images[image] = true
end
-- The content of the first of them by its hash; nil = there is none.
local function winner_of(no, nearest)
  local winner
  for image in pairs(nearest.images) do
    local content = content_of(no, image)
    if not winner or content < winner then winner = content end
  end
  return winner
end
