-- KEYS  root
-- ARGV  run, limit
-- ->    for each host, the busiest first: host, urls, pages, next fetch in ms, failures, delay ms, leased (0, 1), crowded (0, 1), robots ('' = never read)
-- @include frontier
local no, limit = run_number(take()), take_number()
local answer = {}
local found = call('ZREVRANGE', hosts_key(no), 0, limit - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  local host = found[i]
  local h = fields(host_key(host), 'p' .. no, 'n', 'f', 't', 'e', 'c', 'v', 'w', 'y')
  local robots = call('HGET', robots_key('http://' .. host), 'detail') or call('HGET', robots_key('https://' .. host), 'detail')
  local leased = h[4] and tonumber(h[5]) > now
  for _, value in ipairs({ host, found[i + 1], h[1] or '0', math.max(tonumber(h[2] or 0) - now, 0), h[3] or '0', math.max(tonumber(h[6] or 0), throttle_of(h[7], h[8])), leased and 1 or 0, h[9] and tonumber(h[9]) > now - 10000 and 1 or 0, robots or '' }) do
    answer[#answer + 1] = value
  end
end
return answer
