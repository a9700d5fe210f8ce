-- KEYS  root
-- ARGV  delay ms, window ms, guard ms, n, then host and how many fetches are wanted for each
-- ->    for each: how many are granted, ms until the first, ms between two, failures
-- Fetches on a host are the delay (or the host's crawl-delay) apart; only as many are granted as start within the window. The guard is
-- kept free behind them, for a fetch that starts a little late.
-- @include frontier
local delay_ms, window_ms, guard_ms = take_number(), take_number(), take_number()
local answer = {}
for _ = 1, take_number() do
  local host, want = take(), take_number()
  local h = fields(host_key(host), 'n', 'c', 'v', 'w', 'f')
  local gap = math.max(delay_ms, tonumber(h[2] or 0), throttle_of(h[3], h[4]))
  local first = math.max(tonumber(h[1] or 0), now)
  local granted = want
  if first - now > window_ms then
    granted = 0
  elseif gap > 0 then
    granted = math.min(want, math.floor((window_ms - (first - now)) / gap) + 1)
  end
  if granted > 0 then call('HSET', host_key(host), 'n', first + granted * gap + math.min(gap, guard_ms)) end
  answer[#answer + 1] = granted
  answer[#answer + 1] = first - now
  answer[#answer + 1] = gap
  answer[#answer + 1] = tonumber(h[5] or 0)
end
return answer
