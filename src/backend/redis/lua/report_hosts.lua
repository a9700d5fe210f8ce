-- KEYS  root
-- ARGV  number of reports, then host, throttle ms (0 = none), pause ms, health (ok, bad, none) for each
-- Reports of image fetches on hosts: as a session's commit says it, but of hosts that nobody need hold. Sent twice, it counts a failure
-- twice, for which the host is left alone for longer and nothing is lost.
-- @include frontier
for _ = 1, take_number() do
  local host, throttle_ms, pause_ms, health = take(), take_number(), take_number(), take()
  local h = fields(host_key(host), 'n', 'v', 'w', 's')
  throttle_host(host, h[2], h[3], throttle_ms)
  if pause_ms > 0 then call('HSET', host_key(host), 'n', math.max(tonumber(h[1] or 0), now + pause_ms)) end
  if health == 'ok' then
    call('HDEL', host_key(host), 'f', 's')
  elseif health == 'bad' then
    call('HINCRBY', host_key(host), 'f', 1)
    if not h[4] then call('HSET', host_key(host), 's', now) end
  end
end
