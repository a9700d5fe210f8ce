-- ARGV  delay ms, window ms, guard ms, most hosts of a group, n, then host, how many fetches are wanted, and groups for each
-- ->    for each: how many are granted, ms until the first, ms between two, failures, crowded (1, 0)
-- Fetches on a host are the delay (or the host's crawl-delay) apart; only as many are granted as start within the window. The guard is
-- kept free behind them, for a fetch that starts a little late. A host is a member of its groups from its first slot to a second behind its
-- last; where so many others are already, nothing is granted, and one of them leaves in the ms that are answered.
-- @include frontier
local delay_ms, window_ms, guard_ms, per_group = take_number(), take_number(), take_number(), take_number()
local answer = {}
for _ = 1, take_number() do
  local host, want, groups = take(), take_number(), take_list()
  local h = fields(host_key(host), 'n', 'c', 'v', 'w', 'f')
  local gap = math.max(delay_ms, tonumber(h[2] or 0), throttle_of(h[3], h[4]))
  local first = math.max(tonumber(h[1] or 0), now)
  local granted = want
  if first - now > window_ms then
    granted = 0
  elseif gap > 0 then
    granted = math.min(want, math.floor((window_ms - (first - now)) / gap) + 1)
  end
  local leaves
  if granted > 0 then
    for _, group in ipairs(groups) do
      local key = images_group_key(group)
      call('ZREMRANGEBYSCORE', key, '-inf', now)
      if call('ZCARD', key) >= per_group and not call('ZSCORE', key, host) then
        leaves = math.max(leaves or 0, tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]))
      end
    end
  end
  if leaves then
    granted = 0
  elseif granted > 0 then
    local until_ = first + (granted - 1) * gap + 1000
    for _, group in ipairs(groups) do
      call('ZADD', images_group_key(group), math.max(until_, tonumber(call('ZSCORE', images_group_key(group), host) or 0)), host)
      call('PEXPIRE', images_group_key(group), window_ms + 60000)
    end
    call('HSET', host_key(host), 'n', first + granted * gap + math.min(gap, guard_ms))
  end
  for _, value in ipairs({ granted, (leaves or first) - now, gap, tonumber(h[5] or 0), leaves and 1 or 0 }) do answer[#answer + 1] = value end
end
return answer
