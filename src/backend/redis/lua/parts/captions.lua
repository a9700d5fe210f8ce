-- @include known
-- How many candidates carry a caption: small hashes whose fields are 7 bytes of the caption's hash, grown as the sets of known.lua are.
local caption_load = 50

local function caption_address(hash)
  local a, b, c, d = string.byte(hash, 1, 4)
  return a + b * 256 + c * 65536 + d * 16777216
end
local function caption_bucket(captions, hash) return captions.root .. bucket_of(captions, caption_address(hash)) end
local function add_caption(captions, hash)
  if call('HINCRBY', caption_bucket(captions, hash), hash, 1) > 1 then return end
  captions.known = captions.known + 1
  if captions.known > captions.buckets * caption_load then split_hash(captions, caption_address) end
end
