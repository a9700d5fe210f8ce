-- @include captions

-- Puts candidates, {attempts, host, body, at}, into the buffer: where `deferred`, they are not ready
-- before `at`. One that returns has a new id, so that the order of ids is that in which they began to wait.
local function buffer_candidates(no, candidates, deferred)
  if #candidates == 0 then return end
  local last = call('HINCRBY', run_key(no), 'last_candidate', #candidates) - #candidates
  local records, members = {}, {}
  for i, candidate in ipairs(candidates) do
    local id = string.format('%.0f', last + i)
    records[i * 2 - 1] = id
    records[i * 2] = candidate.attempts .. ' ' .. candidate.host .. ' ' .. candidate.body
    members[i * 2 - 1] = deferred and candidate.at or id
    members[i * 2] = id .. ' ' .. now .. ' ' .. candidate.host
  end
  call_with('HSET', bodies_key(no), records)
  call_with('ZADD', deferred and deferred_key(no) or ready_key(no), members)
  add(no, 'buffered', #candidates)
end

-- Reads and adds candidates: for each its number, image host, body, and the hashes of its captions. One enters a run once.
local function add_candidates(no)
  local candidates = take_number()
  if candidates == 0 then return end
  local set, captions = open_table(no, 'candidate'), open_table(no, 'caption')
  local fresh = {}
  for _ = 1, candidates do
    local number, host, body, texts = take(), take(), take(), take_list()
    if add_known(set, number) then
      fresh[#fresh + 1] = { attempts = 0, host = host, body = body }
      for _, hash in ipairs(texts) do add_caption(captions, hash) end
    end
  end
  if #fresh == 0 then return end
  close_table(set)
  close_table(captions)
  buffer_candidates(no, fresh, false)
  count(no, 'candidates', #fresh)
end

-- At most so many candidates are looked at in one call; what is left waits for the next one.
local most_dealt = 2048

-- Makes batches of the buffer: full ones while it holds enough, and all of it when the oldest is age_ms old or the crawl is dry. Dealt
-- round-robin over image hosts, at most per_host of one host, so that one slow host does not hold a whole batch: the n-th per_host
-- candidates of every host make the n-th round, and a round is cut into batches. Answers the batches.
local function close_batches(no, size, age_ms, per_host, dry)
  local run = fields(run_key(no), 'buffered', 'standing', 'max_pairs', 'kept', 'pages_leased', 'urls', 'max_pages', 'pages', 'last_batch', 'sources_open')
  if tonumber(run[1] or 0) == 0 or run[2] ~= 'running' or (run[3] and tonumber(run[4] or 0) >= tonumber(run[3])) then return {} end
  local due = call('ZRANGEBYSCORE', deferred_key(no), '-inf', now, 'LIMIT', 0, most_dealt)
  for _, member in ipairs(due) do call('ZADD', ready_key(no), string.match(member, '^%d+'), member) end
  call_with('ZREM', deferred_key(no), due)
  local ready = call('ZCARD', ready_key(no))
  if ready == 0 then return {} end
  local oldest = string.match(call('ZRANGE', ready_key(no), 0, 0)[1], '^%d+ (%d+)')
  local out_of_pages = tonumber(run[6] or 0) == 0 or (run[7] and tonumber(run[8] or 0) >= tonumber(run[7]))
  local flush = dry or now - tonumber(oldest) >= age_ms or (tonumber(run[5] or 0) == 0 and tonumber(run[10] or 0) == 0 and out_of_pages)
  if ready < size and not flush then return {} end

  -- By id, so that each turn has them in that order too.
  local turns, turn_of, member_of, last_turn = {}, {}, {}, 0
  for _, member in ipairs(call('ZRANGE', ready_key(no), 0, most_dealt - 1)) do
    local id, host = string.match(member, '^(%d+) %d+ (.*)$')
    local turn = (turn_of[host] or 0) + 1
    turn_of[host] = turn
    last_turn = math.max(last_turn, turn)
    turns[turn] = turns[turn] or {}
    table.insert(turns[turn], tonumber(id))
    member_of[tonumber(id)] = member
  end
  local slices = {}
  for first = 1, last_turn, per_host do
    local slice
    for turn = first, math.min(first + per_host - 1, last_turn) do
      for _, id in ipairs(turns[turn]) do
        if not slice or #slice == size then
          slice = {}
          slices[#slices + 1] = slice
        end
        slice[#slice + 1] = id
      end
    end
  end

  local batches, before, last = {}, 0, tonumber(run[9] or 0)
  for _, slice in ipairs(slices) do
    if not flush and ready - before < size then break end
    before = before + #slice
    table.sort(slice)
    local ids, members = {}, {}
    for i, id in ipairs(slice) do
      ids[i] = string.format('%.0f', id)
      members[i] = member_of[id]
    end
    local batch = string.format('%.0f', last + #batches + 1)
    call_with('RPUSH', members_key(no, batch), ids)
    call_with('ZREM', ready_key(no), members)
    call('HSET', batch_key(no, batch), 'state', 'open')
    call('ZADD', batch_key(no, 'free'), batch, batch)
    batches[#batches + 1] = batch
  end
  add(no, 'buffered', -before)
  add(no, 'batches_open', #batches)
  add(no, 'last_batch', #batches)
  return batches
end

-- The run may start no batch: it is not running, or has all the pairs that it may have.
local function is_closed_to_batches(no)
  local run = fields(run_key(no), 'standing', 'max_pairs', 'kept')
  return run[1] ~= 'running' or (run[2] and tonumber(run[3] or 0) >= tonumber(run[2])) or false
end

-- The candidates of a batch, as 'id attempts host body'.
local function members_of(no, batch)
  local ids, records = call('LRANGE', members_key(no, batch), 0, -1), {}
  for i = 1, #ids, most_arguments do
    for _, body in ipairs(fields(bodies_key(no), unpack(ids, i, math.min(i + most_arguments - 1, #ids)))) do
      records[#records + 1] = ids[#records + 1] .. ' ' .. body
    end
  end
  return records
end
local function drop_members(no, batch)
  call_with('HDEL', bodies_key(no), call('LRANGE', members_key(no, batch), 0, -1))
  call('DEL', members_key(no, batch))
end

-- Gives the lease of a batch up.
local function free_batch(no, batch)
  call('HDEL', batch_key(no, batch), 'token', 'until')
  call('ZREM', batch_key(no, 'held'), batch)
  call('ZADD', batch_key(no, 'free'), batch, batch)
  subtract_leased(no, 'batches_leased', 1)
end
