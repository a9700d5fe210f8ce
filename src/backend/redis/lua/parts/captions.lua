-- @include known
-- How many candidates carry a caption: small hashes whose fields are 7 bytes of the caption's hash, grown as the sets of known.lua are.
-- Each stays a listpack, in which a caption costs about a dozen bytes.
local caption_load = 50

local function caption_bucket(captions, hash)
  local a, b, c, d = string.byte(hash, 1, 4)
  return captions.root .. bucket_of(captions, a + b * 256 + c * 65536 + d * 16777216)
end
local function split_captions(captions)
  local from, to, modulus = begin_split(captions)
  local old, kept, moved = call('HGETALL', captions.root .. from), {}, {}
  for i = 1, #old, 2 do
    local a, b, c, d = string.byte(old[i], 1, 4)
    local into = (a + b * 256 + c * 65536 + d * 16777216) % modulus == to and moved or kept
    into[#into + 1] = old[i]
    if into == moved then moved[#moved + 1] = old[i + 1] end
  end
  if #moved == 0 then return end
  local gone = {}
  for i = 1, #moved, 2 do gone[#gone + 1] = moved[i] end
  call_with('HDEL', captions.root .. from, gone)
  call_with('HSET', captions.root .. to, moved)
end
local function add_caption(captions, hash)
  if call('HINCRBY', caption_bucket(captions, hash), hash, 1) > 1 then return end
  captions.known = captions.known + 1
  if captions.known > captions.buckets * caption_load then split_captions(captions) end
end
