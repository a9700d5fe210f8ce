-- ARGV  run, host, token, name of this commit, partial (0, 1), pages, delay ms, reserved until, last fetch ago ms ('' = nothing was fetched),
--       pause ms, throttle ms (0 = none), health (ok, bad, none), most failures, most ms of failing, batch size, batch age ms, most of an image host,
--       rows for the page ledger, their chunk, on whose word the host cannot be asked (JSON), reason of its URLs where it is drained;
--       renders to be added, 4 numbers (see add_rendered);
--       done: ids; retry: n, then id, delay ms and whether the commit was refused (0, 1) for each; back: ids; offers (see offer_urls); candidates (see add_candidates);
--       counters: n, then name and count for each
-- ->    'committed', ms until the host can be visited again ('' = it has no URL left), whether the crawl waits (0, 1), number of hosts, hosts that have URLs now and had
--       none, batches
--     | 'lost'
-- A partial commit is for some of the leased URLs and keeps the lease; the last one must name all that are left. Else the lease was
-- not this session's and nothing is written. A commit that is sent twice is done once.
-- @include frontier batches
local no, host, token, name, partial = run_number(take()), take(), take(), take(), take() == '1'
local pages, delay_ms, reserved_until, fetched_ago_ms, pause_ms = take_number(), take_number(), take_number(), take_number(), take_number()
local throttle_ms = take_number()
local health, most_failures, most_failing_ms = take(), take_number(), take_number()
local size, age_ms, per_host = take_number(), take_number(), take_number()
local page_rows, chunk, word, drained_as = take_number(), take(), take(), take()
local rendered = { take_number(), take_number(), take_number(), take_number() }
local h = hash_of(host_key(host))

local function committed(depths, free_at, woken, batches)
  local soonest = next_url(no, host, depths)
  local more = ''
  if soonest then more = math.max(soonest - now, free_at - now, 0) end
  local answer = { 'committed', more, crawl_waits(no) and 1 or 0, #woken }
  for _, list in ipairs({ woken, batches }) do
    for _, value in ipairs(list) do answer[#answer + 1] = value end
  end
  return answer
end
if h.x == name then return committed(h['d' .. no], tonumber(h.n or 0), {}, {}) end
if h.t ~= token or h.r ~= no then return { 'lost' } end

local leased, named, strange = hash_of(lease_key(host)), {}, 0
local function take_id()
  local id = take()
  if leased[id] then
    named[#named + 1] = id
  else
    strange = strange + 1
  end
  local record = leased[id]
  leased[id] = nil
  return record
end
local done = take_number()
for _ = 1, done do take_id() end
local again = {}
for _ = 1, take_number() do
  local record = take_id()
  again[#again + 1] = { record = record, at = now + take_number(), refused = take_number() }
end
local back = {}
for _ = 1, take_number() do back[#back + 1] = take_id() end
local holds = tonumber(h.k)
if strange > 0 or #named > holds or (#named < holds and not partial) then
  return redis.error_reply(string.format('ERR the session of %s names %d of %d leased URLs, and %d others', host, #named, holds, strange))
end

-- Everything is as it must be: from here on, writes.
local doubts, doubted = doubts_of(h['z' .. no]), h['z' .. no] ~= nil
for i = 1, done do doubts[named[i]] = nil end
local depths = put_back(no, host, h['d' .. no] or '', back)
for _, retry in ipairs(again) do
  local id, depth, attempts, body = string.match(retry.record, '^(%d+) (%d+) (%d+) (.*)$')
  call('ZADD', retry_key(no, host), retry.at, string.format('%s %s %d %s', id, depth, attempts + 1, body))
  -- Its worker lived, so no earlier death was its fault.
  local refused = (doubts[id] and doubts[id].refused or 0) + retry.refused
  doubts[id] = refused > 0 and { deaths = 0, refused = refused } or nil
  doubted = doubted or refused > 0
end
if doubted then keep_doubts(no, host, doubts) end
call_with('HDEL', lease_key(host), named)
local left = tonumber(call('ZINCRBY', hosts_key(no), -done, host))
add(no, 'urls', -done)
subtract_leased(no, 'pages_leased', #named)
add(no, 'pages', pages)
if pages ~= 0 then call('HINCRBY', host_key(host), 'p' .. no, pages) end
call('HSET', host_key(host), 'x', name, 'd' .. no, depths)
add_rendered(host, h.b, rendered)

add_page_rows(no, page_rows, chunk)

local free_at = now
if partial then
  call('HINCRBY', host_key(host), 'k', -#named)
else
  local failures, since = tonumber(h.f or 0), tonumber(h.s)
  if health == 'ok' then
    failures, since = 0, nil
  elseif health == 'bad' then
    -- While the crawl waited nobody asked the host: that time is none in which it failed.
    failures, since = failures + 1, since and math.max(since, tonumber(call('HGET', run_key(no), 'went_on') or 0)) or now
  end
  if failures > 0 and (failures >= most_failures or now - since > most_failing_ms) then
    drop_urls(no, host, depths, drained_as, word)
    left, failures, since = 0, 0, nil
  end
  -- Slots that were reserved and not used go back, unless somebody reserved behind them.
  throttle_host(host, h.v, h.w, throttle_ms)
  local gap = math.max(delay_ms, tonumber(h.c or 0), throttle_ms, throttle_of(h.v, h.w))
  local unused = tonumber(h.n) == reserved_until
  free_at = tonumber(h.n)
  if fetched_ago_ms then
    free_at = math.max(unused and 0 or free_at, now - fetched_ago_ms + gap)
  elseif unused then
    free_at = now
  end
  free_at = math.max(free_at, now + pause_ms)
  call('DEL', lease_key(host))
  leave_groups(host, h.g)
  call('HDEL', host_key(host), 't', 'r', 'e', 'k', 'g')
  call('HSET', host_key(host), 'n', free_at)
  if failures == 0 then
    if h.f then call('HDEL', host_key(host), 'f', 's') end
  else
    call('HSET', host_key(host), 'f', failures, 's', since)
  end
  call('ZREM', held_key(no), host)
  if left == 0 then
    depths = nil
    call('HDEL', host_key(host), 'd' .. no, 'z' .. no)
  else
    call('ZADD', due_key(no), math.max(free_at, next_url(no, host, depths)), host)
  end
  -- Other runs may have been told to wait for the end of this lease.
  for field in pairs(h) do
    local other = string.match(field, '^d(%d+)$')
    if other and other ~= no then call('ZADD', due_key(other), 'XX', 'LT', free_at, host) end
  end
end

local woken = offer_urls(no)
add_candidates(no)
take_counters(no)
local batches = close_batches(no, size, age_ms, per_host, false)
return committed(call('HGET', host_key(host), 'd' .. no), free_at, woken, batches)
