-- ARGV  run, host, token, most URLs, delay ms, window ms, lease ms, most hosts of a group, groups
-- ->    'urls', delay ms, failures, end of the reserved slots, renders (see add_rendered), doubts (see doubts_of), record ...
--     | 'busy', ms | 'not_yet', ms | 'none'
-- One holder a host over all runs and machines. Where several runs want it, it goes to each in turn, and to none for many more URLs than
-- the one before had. The lease reserves one slot a URL, a delay apart, the first one now, as many as fit into
-- the window, and one more, so that a fetch that starts a little late does not come near the next holder's. What a session does not use,
-- its commit gives back. A host whose page budget is used up loses its URLs. At most so many hosts of one group are on lease at once. A URL is
-- suspected after two deaths, or a commit that was refused: it is leased alone, so that it takes no other with it. A call that is sent twice is answered twice.
-- @begins
-- @include frontier
local no, host, token = run_number(take()), take(), take()
local max, delay_ms, window_ms, lease_ms = take_number(), take_number(), take_number(), take_number()
local per_group, groups = take_number(), take_list()
local h = hash_of(host_key(host))
local gap = math.max(delay_ms, tonumber(h.c or 0), throttle_of(h.v, h.w))

if h.t == token then return { 'urls', gap, h.f or '0', h.n, h.b or no_renders, h['z' .. no] or '', unpack(call('HVALS', lease_key(host))) } end
if h.t then
  if tonumber(h.e) > now then
    if h.r ~= no and has_due_url(no, host, h['d' .. no]) and page_room(no) > 0 then ask_turn(host, turns_of(h.q), no) end
    return { 'busy', tonumber(h.e) - now }
  end
  give_back_host(host, h, true)
end
local depths = h['d' .. no]
if not depths then return { 'none' } end

local room = math.min(max, page_room(no))
local run = fields(run_key(no), 'standing', 'max_host_pages')
if run[1] == 'running' and run[2] then
  local left = tonumber(run[2]) - tonumber(h['p' .. no] or 0)
  if left <= 0 then drop_urls(no, host, depths, 'host_budget', 'null') end
  room = math.min(room, left)
end
local turns = turns_of(h.q)
if room <= 0 then
  if h.q then keep_turns(host, without_turn(turns, no)) end
  return { 'none' }
end
local free_at = tonumber(h.n or 0)
if free_at > now then return { 'not_yet', free_at - now } end
if #turns > 0 and turns[1].no ~= no and has_due_url(no, host, depths) then
  ask_turn(host, turns, no)
  return { 'not_yet', 1000 }
end
for _, group in ipairs(groups) do
  call('ZREMRANGEBYSCORE', group_key(group), '-inf', now)
  if call('ZCARD', group_key(group)) >= per_group then
    call('HSET', host_key(host), 'y', now)
    return { 'not_yet', 2000 }
  end
end
if gap > 0 then room = math.min(room, math.floor(window_ms / gap) + 1) end
local others = without_turn(turns, no)
local last, urls = string.match(h.m or '', '^(%d+) (%d+)$')
if last and last ~= no then room = math.min(room, math.ceil(urls * 1.25)) end

-- URLs to be tried again that are due stand among the others where they stood before.
local again = call('ZRANGEBYSCORE', retry_key(no, host), '-inf', now, 'LIMIT', 0, room)
local waiting, records = depths_of(depths), {}
local doubts = h['z' .. no]
if #again > 0 or doubts then
  local from = {}
  for _, record in ipairs(again) do from[record] = 'again' end
  local all, found = again, 0
  for _, depth in ipairs(waiting) do
    if found >= room then break end
    for _, record in ipairs(call('LRANGE', queue_key(no, depth, host), 0, room - 1)) do
      all[#all + 1] = record
      found = found + 1
    end
  end
  local keyed, popped, doubt_of = in_order(all), {}, doubts_of(doubts)
  for i = 1, math.min(room, #keyed) do
    if is_suspect(doubt_of[string.match(keyed[i].record, '^%d+')]) then
      room = math.max(i - 1, 1)
      break
    end
  end
  for i = 1, math.min(room, #keyed) do
    local record, depth = keyed[i].record, keyed[i].depth
    records[i] = record
    if from[record] then
      call('ZREM', retry_key(no, host), record)
    else
      popped[depth] = (popped[depth] or 0) + 1
    end
  end
  for depth, n in pairs(popped) do call('LPOP', queue_key(no, depth, host), n) end
else
  for _, depth in ipairs(waiting) do
    if #records == room then break end
    for _, record in ipairs(call('LPOP', queue_key(no, depth, host), room - #records) or {}) do records[#records + 1] = record end
  end
end
if #records == 0 then
  local soonest = next_url(no, host, '')
  if h.q then keep_turns(host, others) end
  return soonest and { 'not_yet', math.max(soonest - now, 1) } or { 'none' }
end

local left = {}
for _, depth in ipairs(waiting) do
  if call('EXISTS', queue_key(no, depth, host)) == 1 then left[#left + 1] = depth end
end
local leased = {}
for _, record in ipairs(records) do
  leased[#leased + 1] = string.match(record, '^%d+')
  leased[#leased + 1] = record
end
for _, group in ipairs(groups) do
  call('ZADD', group_key(group), now + lease_ms, host)
  call('PEXPIRE', group_key(group), lease_ms)
end
if #groups > 0 then call('HSET', host_key(host), 'g', table.concat(groups, ' ')) end
if h.y then call('HDEL', host_key(host), 'y') end
-- From the first time on that another run asked for the host, every turn is remembered.
if h.q then keep_turns(host, others) end
if h.q or h.m then call('HSET', host_key(host), 'm', no .. ' ' .. #records) end
local reserved_until = now + (#records + 1) * gap
call_with('HSET', lease_key(host), leased)
call('HSET', host_key(host), 't', token, 'r', no, 'e', now + lease_ms, 'k', #records, 'n', reserved_until, 'd' .. no, table.concat(left, ','))
add(no, 'pages_leased', #records)
call('ZREM', due_key(no), host)
call('ZADD', held_key(no), now + lease_ms, host)
return { 'urls', gap, h.f or '0', reserved_until, h.b or no_renders, doubts or '', unpack(records) }
