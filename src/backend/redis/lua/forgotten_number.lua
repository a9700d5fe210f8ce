-- ARGV  run
-- ->    the number of a run that is being forgotten; nothing where it is not
-- @reads
return call('HGET', forgetting, take())
