-- @include known pages backlog

local function depths_of(text)
  local depths = {}
  for depth in string.gmatch(text or '', '%d+') do depths[#depths + 1] = tonumber(depth) end
  return depths
end
local function has_depth(text, depth) return string.find(',' .. text .. ',', ',' .. depth .. ',', 1, true) ~= nil end
local function with_depth(text, depth)
  if has_depth(text, depth) then return text end
  local depths = depths_of(text)
  depths[#depths + 1] = tonumber(depth)
  table.sort(depths)
  return table.concat(depths, ',')
end
local function id_and_depth(record)
  local id, depth = string.match(record, '^(%d+) (%d+) ')
  return tonumber(id), tonumber(depth)
end
-- Shallow before deep, old before new.
local function in_order(records)
  local keyed = {}
  for i, record in ipairs(records) do
    local id, depth = id_and_depth(record)
    keyed[i] = { id = id, depth = depth, record = record }
  end
  table.sort(keyed, function(a, b)
    if a.depth ~= b.depth then return a.depth < b.depth end
    return a.id < b.id
  end)
  return keyed
end

-- Puts leased URLs back to where they were taken from, in front of all that wait. Answers the host's depths.
local function put_back(no, host, depths, records)
  local keyed = in_order(records)
  for i = #keyed, 1, -1 do
    call('LPUSH', queue_key(no, keyed[i].depth, host), keyed[i].record)
    depths = with_depth(depths, keyed[i].depth)
  end
  return depths
end

-- Throttle of a host: ms between two fetches that it showed to need. It decays: it halves with every minute.
local function throttle_of(throttle, since)
  if not throttle then return 0 end
  local left = math.floor(tonumber(throttle) / 2 ^ math.min(math.floor(math.max(now - tonumber(since), 0) / 60000), 40))
  return left < 50 and 0 or left
end
-- Raises the throttle to `wish` unless the decayed value is already higher; restarts its decay.
local function throttle_host(host, throttle, since, wish)
  if wish > 0 and wish >= throttle_of(throttle, since) then call('HSET', host_key(host), 'v', wish, 'w', now) end
end

-- Renders of pages that showed signs of needing them, those that gave something, and the same two of others. Halved where a hundred
-- are known.
local no_renders = '0 0 0 0'
local function add_rendered(host, known, added)
  if added[1] + added[3] == 0 then return end
  local sums = {}
  for n in string.gmatch(known or no_renders, '%d+') do sums[#sums + 1] = tonumber(n) + added[#sums + 1] end
  for i = 1, 3, 2 do
    if sums[i] > 100 then sums[i], sums[i + 1] = math.floor(sums[i] / 2), math.floor(sums[i + 1] / 2) end
  end
  call('HSET', host_key(host), 'b', table.concat(sums, ' '))
end

local function leave_groups(host, groups)
  for group in string.gmatch(groups or '', '%S+') do call('ZREM', group_key(group), host) end
end

-- Doubts about URLs of a host, by id: leases that ran out, and refused commits. Few URLs have any.
local function doubts_of(text)
  local doubts = {}
  for id, deaths, refused in string.gmatch(text or '', '(%d+):(%d+):(%d+)') do
    doubts[id] = { deaths = tonumber(deaths), refused = tonumber(refused) }
  end
  return doubts
end
local function is_suspect(doubt) return doubt ~= nil and (doubt.deaths >= 2 or doubt.refused > 0) end
-- Answers the text that it keeps; nil = there are none.
local function keep_doubts(no, host, doubts)
  local all = {}
  for id, doubt in pairs(doubts) do all[#all + 1] = id .. ':' .. doubt.deaths .. ':' .. doubt.refused end
  if #all == 0 then
    call('HDEL', host_key(host), 'z' .. no)
    return nil
  end
  local text = table.concat(all, ' ')
  call('HSET', host_key(host), 'z' .. no, text)
  return text
end

-- Frees a host whose holder let the lease run out, or gave it up. Attempts are not counted: the host did nothing wrong. died: that the
-- holder did is remembered of each URL. What needs no memory is written first: a full server lets the rest through then.
local function give_back_host(host, h, died)
  local no = h.r
  local records = call('HVALS', lease_key(host))
  call('DEL', lease_key(host))
  local depths = put_back(no, host, h['d' .. no] or '', records)
  h['d' .. no] = depths
  if died then
    local doubts = doubts_of(h['z' .. no])
    for _, record in ipairs(records) do
      local id = string.match(record, '^%d+')
      local doubt = doubts[id] or { deaths = 0, refused = 0 }
      doubt.deaths = doubt.deaths + 1
      doubts[id] = doubt
    end
    h['z' .. no] = keep_doubts(no, host, doubts)
  end
  leave_groups(host, h.g)
  call('HDEL', host_key(host), 't', 'r', 'e', 'k', 'g')
  subtract_leased(no, 'pages_leased', tonumber(h.k))
  call('ZREM', held_key(no), host)
  if tonumber(call('ZSCORE', hosts_key(no), host) or 0) > 0 then
    call('HSET', host_key(host), 'd' .. no, depths)
    call('ZADD', due_key(no), tonumber(h.n or 0), host)
  else
    h['d' .. no] = nil
    call('HDEL', host_key(host), 'd' .. no)
  end
  h.t, h.r, h.e, h.k, h.g = nil, nil, nil, nil, nil
end

-- Turns of a host that several runs want: those that asked for it while another had it, 'run:when ...', the first one first. Who has not
-- asked again for so long is passed over.
local turn_ms = 5000
local function turns_of(text)
  local turns = {}
  for no, at in string.gmatch(text or '', '(%d+):(%d+)') do
    if tonumber(at) > now - turn_ms then turns[#turns + 1] = { no = no, at = at } end
  end
  return turns
end
local function without_turn(turns, no)
  local others = {}
  for _, turn in ipairs(turns) do
    if turn.no ~= no then others[#others + 1] = turn end
  end
  return others
end
local function keep_turns(host, turns)
  local all = {}
  for i, turn in ipairs(turns) do all[i] = turn.no .. ':' .. turn.at end
  if #all == 0 then call('HDEL', host_key(host), 'q') else call('HSET', host_key(host), 'q', table.concat(all, ' ')) end
end
-- The run asks for its turn: behind those that asked before it.
local function ask_turn(host, turns, no)
  for _, turn in ipairs(turns) do
    if turn.no == no then
      turn.at = now
      return keep_turns(host, turns)
    end
  end
  turns[#turns + 1] = { no = no, at = now }
  keep_turns(host, turns)
end

-- When the next URL of the host that is not on lease may be tried; nil = it has none.
local function next_url(no, host, depths)
  if depths and depths ~= '' then return now end
  local first = call('ZRANGE', retry_key(no, host), 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2])
end

local function has_due_url(no, host, depths)
  local soonest = next_url(no, host, depths)
  return soonest ~= nil and soonest <= now
end

-- Drops every URL of a host of which none is on lease, and counts why; word: the permission that says so, as JSON. Answers how many.
local function drop_urls(no, host, depths, reason, word)
  local dropped = tonumber(call('ZSCORE', hosts_key(no), host) or 0)
  if dropped == 0 then return 0 end
  for _, depth in ipairs(depths_of(depths)) do drop_waiting(no, queue_key(no, depth, host), reason, host, word) end
  drop_waiting(no, retry_key(no, host), reason, host, word)
  call('ZADD', hosts_key(no), 0, host)
  call('ZREM', due_key(no), host)
  call('HDEL', host_key(host), 'd' .. no, 'z' .. no)
  add(no, 'urls', -dropped)
  add(no, 'page_rows', dropped)
  count(no, 'page_skipped:' .. reason, dropped)
  return dropped
end

-- Reads and adds offers: the list of their hosts, then for each URL its number, the place of its host in the list, depth and body.
-- A URL enters a run once, whoever offers it and however often. Answers the hosts that had no URL until now.
local function offer_urls(no)
  local hosts, urls = take_list(), take_number()
  local woken = {}
  if urls == 0 then return woken end
  local set = open_table(no, 'url')
  local last = tonumber(call('HGET', run_key(no), 'last_url') or 0)
  local fresh, added = {}, 0
  for _ = 1, urls do
    local number, place, depth, body = take(), take_number(), take(), take()
    if add_known(set, number) then
      added = added + 1
      local of = fresh[place]
      if not of then
        of = { urls = 0, queues = {} }
        fresh[place] = of
      end
      local queue = of.queues[depth]
      if not queue then
        queue = {}
        of.queues[depth] = queue
      end
      of.urls = of.urls + 1
      queue[#queue + 1] = last + added .. ' ' .. depth .. ' 0 ' .. body
    end
  end
  if added == 0 then return woken end
  close_table(set)
  call('HINCRBY', run_key(no), 'last_url', added)
  add(no, 'urls', added)
  for place, of in pairs(fresh) do
    local host = hosts[place]
    local h = fields(host_key(host), 'd' .. no, 'r', 'n')
    local depths = h[1] or ''
    for depth, queue in pairs(of.queues) do
      call_with('RPUSH', queue_key(no, depth, host), queue)
      depths = with_depth(depths, depth)
    end
    if depths ~= h[1] then call('HSET', host_key(host), 'd' .. no, depths) end
    if tonumber(call('ZINCRBY', hosts_key(no), of.urls, host)) == of.urls then woken[#woken + 1] = host end
    if h[2] ~= no then call('ZADD', due_key(no), 'LT', h[3] or 0, host) end
  end
  return woken
end

-- The run may fetch no more: it is not running, waits for its filters, or has all the pages or pairs that it may have. Else the pages it may
-- yet lease.
local function page_room(no)
  local run = fields(run_key(no), 'standing', 'max_pages', 'max_pairs', 'pages', 'pages_leased', 'kept')
  if run[1] ~= 'running' then return 0 end
  if run[3] and tonumber(run[6] or 0) >= tonumber(run[3]) then return 0 end
  if crawl_waits(no) then return 0 end
  if not run[2] then return math.huge end
  return math.max(tonumber(run[2]) - tonumber(run[4] or 0) - tonumber(run[5] or 0), 0)
end
