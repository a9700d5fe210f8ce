-- ARGV  run, its number
-- Its other keys are gone. The name is free.
local name, no = take(), take()
if call('HGET', forgetting, name) ~= no then return end
call('UNLINK', counters_key(no), options_key(no), run_key(no))
call('HDEL', forgetting, name)
