-- KEYS  root
-- ARGV  run, seedings as they were read, what ended it
-- ->    1, or 0 where it was seeded or set going since
local no, seedings, as = run_number(take()), take_number(), take()
if tonumber(call('HGET', run_key(no), 'seedings') or 0) ~= seedings then return 0 end
call('HSET', run_key(no), 'ended', as)
return 1
