-- Sets of 63-bit numbers as intsets of a few hundred, grown by linear hashing: where there are more than `load` a bucket, one bucket is
-- split in two, so no call ever walks the whole. A number is address * 2^32 + rest, with a signed 32-bit address and a rest below 2^31:
-- a double holds it exactly enough to give the address back, whichever way it is rounded.
local load = 200

-- The greatest power of two that is not above the number of buckets.
local function half_of(buckets)
  local half = 1
  while half * 2 <= buckets do half = half * 2 end
  return half
end
local function bucket_of(table_, address)
  local bucket = address % (table_.half * 2)
  return bucket < table_.buckets and bucket or bucket - table_.half
end
local function address_of(number) return math.floor(tonumber(number) / 4294967296) end

-- kind: url, candidate or image; and of hashes, caption or chunk
local letters = { url = 'k', candidate = 'm', image = 'i', caption = 't', chunk = 'g' }
local function open_table(no, kind)
  local sums = fields(run_key(no), kind .. '_known', kind .. '_buckets')
  local buckets = tonumber(sums[2] or 1)
  return { no = no, kind = kind, root = bucket_root(letters[kind], no), known = tonumber(sums[1] or 0), buckets = buckets, half = half_of(buckets) }
end
local function close_table(table_)
  call('HSET', run_key(table_.no), table_.kind .. '_known', table_.known, table_.kind .. '_buckets', table_.buckets)
end
-- Answers the bucket that is split, the new one, and the modulus whose remainder says which of its members go there.
local function begin_split(table_)
  if table_.buckets == table_.half * 2 then table_.half = table_.buckets end
  local from, to = table_.buckets - table_.half, table_.buckets
  table_.buckets = table_.buckets + 1
  return from, to, table_.half * 2
end

local function split_set(set)
  local from, to, modulus = begin_split(set)
  local moved = {}
  for _, number in ipairs(call('SMEMBERS', set.root .. from)) do
    if address_of(number) % modulus == to then moved[#moved + 1] = number end
  end
  call_with('SREM', set.root .. from, moved)
  call_with('SADD', set.root .. to, moved)
end
-- A small hash in place of a set, where something lies beside what is known. Stays a listpack, in which an entry takes a dozen bytes.
local function split_hash(table_, address_of_field)
  local from, to, modulus = begin_split(table_)
  local old, gone, moved = call('HGETALL', table_.root .. from), {}, {}
  for i = 1, #old, 2 do
    if address_of_field(old[i]) % modulus == to then
      gone[#gone + 1] = old[i]
      moved[#moved + 1] = old[i]
      moved[#moved + 1] = old[i + 1]
    end
  end
  call_with('HDEL', table_.root .. from, gone)
  call_with('HSET', table_.root .. to, moved)
end
-- True = it was not known.
local function add_known(set, number)
  if call('SADD', set.root .. bucket_of(set, address_of(number)), number) == 0 then return false end
  set.known = set.known + 1
  if set.known > set.buckets * load then split_set(set) end
  return true
end
local function is_known(set, number)
  return call('SISMEMBER', set.root .. bucket_of(set, address_of(number)), number) == 1
end
