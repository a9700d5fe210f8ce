-- A run whose mark nobody set yet has this one.
local first_mark = 20000

-- Backlog of a run: candidates that wait to be judged, buffered or in an open batch. Those that were put back for a later time do not count,
-- and sixteen that wait for their row alone count as one: they take no more room, and next to no time.
local function backlog_of(no)
  local rejects = tonumber(call('HGET', run_key(no), 'rejects') or 0)
  return call('HLEN', bodies_key(no)) - call('ZCARD', deferred_key(no)) + math.floor(rejects / 16)
end

-- Above its mark the crawl waits for the filters; it goes on at half of it. A mark below 0: it waits whatever the backlog.
local function is_above_mark(no)
  local run = fields(run_key(no), 'backlog_mark', 'waits')
  local mark = tonumber(run[1] or first_mark)
  return backlog_of(no) > (run[2] and math.floor(mark / 2) or mark), run[2] and true or false
end

-- The same, remembered. Answers whether the crawl waits.
local function crawl_waits(no)
  local waits, waited = is_above_mark(no)
  if waits and not waited then call('HSET', run_key(no), 'waits', 1) end
  if waited and not waits then
    call('HDEL', run_key(no), 'waits')
    call('HSET', run_key(no), 'went_on', now)
  end
  return waits
end
