-- KEYS  root
-- ARGV  run
-- ->    name, count, name, count ...
return call('HGETALL', counters_key(run_number(take())))
