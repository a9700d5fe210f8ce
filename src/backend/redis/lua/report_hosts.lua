-- report_hosts({reports: [{host, throttleMs (0 = none), pauseMs, health: ok|bad|none}]})
-- What image fetches met with: as a session's commit says it, but of hosts that nobody need hold. Sent twice, it counts a failure
-- twice, for which the host is left alone for longer and nothing is lost.
-- @include frontier
for _, report in ipairs(argument().reports) do
  local host = report.host
  local h = fields(host_key(host), 'n', 'v', 'w', 's')
  throttle_host(host, h[2], h[3], report.throttleMs)
  if report.pauseMs > 0 then call('HSET', host_key(host), 'n', math.max(tonumber(h[1] or 0), now + report.pauseMs)) end
  if report.health == 'ok' then
    call('HDEL', host_key(host), 'f', 's')
  elseif report.health == 'bad' then
    call('HINCRBY', host_key(host), 'f', 1)
    if not h[4] then call('HSET', host_key(host), 's', now) end
  end
end
