-- @include captions leases

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

-- Puts rejects into the buffer, as a chunk.
local rejects_per_batch = 10000
local function buffer_rejects(no, head, lines)
  if #lines == 0 then return end
  call('RPUSH', members_key(no, 'rejects'), head .. '\n' .. table.concat(lines, '\n'))
  call('HSETNX', run_key(no), 'rejects_since', now)
  add(no, 'rejects', #lines)
  add(no, 'rejects_buffered', #lines)
end

-- Reads and adds candidates: their number and the head of a chunk; for each its number, image host, body, and the hashes of its captions. One
-- without a host is rejected already, and its body a line of the chunk. One enters a run once.
local function add_candidates(no)
  local candidates, head = take_number(), take()
  if candidates == 0 then return end
  local set, captions = open_table(no, 'candidate'), open_table(no, 'caption')
  local fresh, rejects = {}, {}
  for _ = 1, candidates do
    local number, host, body, texts = take(), take(), take(), take_list()
    if add_known(set, number) then
      if host == '' then
        rejects[#rejects + 1] = body
      else
        fresh[#fresh + 1] = { attempts = 0, host = host, body = body }
      end
      for _, hash in ipairs(texts) do add_caption(captions, hash) end
    end
  end
  if #fresh + #rejects == 0 then return end
  close_table(set)
  close_table(captions)
  buffer_candidates(no, fresh, false)
  buffer_rejects(no, head, rejects)
  count(no, 'candidates', #fresh + #rejects)
end

-- A batch of candidates is 'open' until it is committed. One of rejects is 'rejects', so that a worker of an earlier version, which knows of
-- none, leaves it alone.
local function is_open(state) return state == 'open' or state == 'rejects' end
local function open_batch(no, batch, state)
  call('HSET', batch_key(no, batch), 'state', state)
  list_free(no, batch)
  add(no, 'batches_open', 1)
end

-- Makes a batch of all rejects that are buffered. Answers it; nil = they are few and young, or there are none.
local function close_rejects(no, age_ms, flush)
  local run = fields(run_key(no), 'rejects_buffered', 'rejects_since')
  local rejects = tonumber(run[1] or 0)
  if rejects == 0 or (rejects < rejects_per_batch and not flush and now - tonumber(run[2]) < age_ms) then return end
  local batch = string.format('%.0f', call('HINCRBY', run_key(no), 'last_batch', 1))
  call('RENAME', members_key(no, 'rejects'), members_key(no, batch))
  call('HDEL', run_key(no), 'rejects_buffered', 'rejects_since')
  call('HSET', batch_key(no, batch), 'rejects', rejects)
  open_batch(no, batch, 'rejects')
  return batch
end

-- At most so many candidates are looked at in one call; what is left waits for the next one.
local most_dealt = 2048

-- Makes batches of the candidates that are ready, into `batches`. Dealt round-robin over image hosts, at most per_host of one host, so that one
-- slow host does not hold a whole batch: the n-th per_host candidates of every host make the n-th round, and a round is cut into batches.
local function deal_candidates(no, size, age_ms, per_host, flush, batches)
  local run = fields(run_key(no), 'buffered', 'last_batch')
  if tonumber(run[1] or 0) == 0 then return end
  local due = call('ZRANGEBYSCORE', deferred_key(no), '-inf', now, 'LIMIT', 0, most_dealt)
  for _, member in ipairs(due) do call('ZADD', ready_key(no), string.match(member, '^%d+'), member) end
  call_with('ZREM', deferred_key(no), due)
  local ready = call('ZCARD', ready_key(no))
  if ready == 0 then return end
  local oldest = string.match(call('ZRANGE', ready_key(no), 0, 0)[1], '^%d+ (%d+)')
  flush = flush or now - tonumber(oldest) >= age_ms
  if ready < size and not flush then return end

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

  local before, made, last = 0, 0, tonumber(run[2] or 0)
  for _, slice in ipairs(slices) do
    if not flush and ready - before < size then break end
    before = before + #slice
    table.sort(slice)
    local ids, members = {}, {}
    for i, id in ipairs(slice) do
      ids[i] = string.format('%.0f', id)
      members[i] = member_of[id]
    end
    made = made + 1
    local batch = string.format('%.0f', last + made)
    call_with('RPUSH', members_key(no, batch), ids)
    call_with('ZREM', ready_key(no), members)
    open_batch(no, batch, 'open')
    batches[#batches + 1] = batch
  end
  add(no, 'buffered', -before)
  add(no, 'last_batch', made)
end

-- Makes batches of the buffer: full ones while it holds enough, and all of it when the oldest is age_ms old or the crawl is dry. Answers them.
local function close_batches(no, size, age_ms, per_host, dry)
  local run = fields(run_key(no), 'standing', 'max_pairs', 'kept', 'pages_leased', 'urls', 'max_pages', 'pages', 'sources_open')
  if run[1] ~= 'running' or (run[2] and tonumber(run[3] or 0) >= tonumber(run[2])) then return {} end
  local out_of_pages = tonumber(run[5] or 0) == 0 or (run[6] and tonumber(run[7] or 0) >= tonumber(run[6]))
  local flush = dry or (tonumber(run[4] or 0) == 0 and tonumber(run[8] or 0) == 0 and out_of_pages)
  local batches = { close_rejects(no, age_ms, flush) }
  deal_candidates(no, size, age_ms, per_host, flush, batches)
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
  local rejects = tonumber(call('HGET', batch_key(no, batch), 'rejects') or 0)
  if rejects == 0 then call_with('HDEL', bodies_key(no), call('LRANGE', members_key(no, batch), 0, -1)) end
  add(no, 'rejects', -rejects)
  call('DEL', members_key(no, batch))
end
