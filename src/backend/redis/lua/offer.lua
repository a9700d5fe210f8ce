-- ARGV  run, seeds (1 marks the run as seeded, and one that ended as going on), offers (see offer_urls)
-- ->    hosts that had no URL until now
-- @begins
-- @include frontier
local no, seeds = run_number(take()), take()
local woken = offer_urls(no)
if seeds == '1' then
  call('HSET', run_key(no), 'seeded', 1)
  call('HDEL', run_key(no), 'ended')
  add(no, 'seedings', 1)
end
return woken
