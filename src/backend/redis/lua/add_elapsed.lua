-- KEYS  root
-- ARGV  run, ms of working time
add(run_number(take()), 'elapsed', take_number())
