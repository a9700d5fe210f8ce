-- hosts({run, limit}) -> [{host, urls, pages, nextFetchInMs, failures, delayMs, leased, crowded, rendered: {renders, paid}, robots}]   the busiest first
-- @reads
-- @include frontier
local p = argument()
local no = run_number(p.run)
local found, hosts = call('ZREVRANGE', hosts_key(no), 0, p.limit - 1, 'WITHSCORES'), {}
for i = 1, #found, 2 do
  local host, urls = found[i], found[i + 1]
  local h = fields(host_key(host), 'p' .. no, 'n', 'f', 't', 'e', 'c', 'v', 'w', 'y', 'b')
  local signed, signed_paid, plain, plain_paid = string.match(h[10] or no_renders, '(%d+) (%d+) (%d+) (%d+)')
  local robots = call('HGET', site_record_key('http://' .. host), 'detail') or call('HGET', site_record_key('https://' .. host), 'detail')
  hosts[#hosts + 1] = { host = host, urls = tonumber(urls), pages = tonumber(h[1] or 0), text = object(
    'host', text(host), 'urls', urls, 'pages', h[1] or 0, 'nextFetchInMs', math.max(tonumber(h[2] or 0) - now, 0), 'failures', h[3] or 0,
    'delayMs', math.max(tonumber(h[6] or 0), throttle_of(h[7], h[8])), 'leased', truth(h[4] and tonumber(h[5]) > now),
    'crowded', truth(h[9] and tonumber(h[9]) > now - 10000),
    'rendered', object('renders', signed + plain, 'paid', signed_paid + plain_paid), 'robots', robots ~= '' and text(robots)) }
end
table.sort(hosts, function(a, b)
  if a.urls ~= b.urls then return a.urls > b.urls end
  if a.pages ~= b.pages then return a.pages > b.pages end
  return a.host < b.host
end)
for i, host in ipairs(hosts) do hosts[i] = host.text end
return list(hosts)
