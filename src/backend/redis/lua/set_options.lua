-- KEYS  root
-- ARGV  run, options (JSON)
call('SET', options_key(run_number(take())), take())
