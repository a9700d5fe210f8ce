-- KEYS  root
-- ARGV  run, model (JSON)
-- ->    the model that the first caller named
local no, model = run_number(take()), take()
call('HSETNX', run_key(no), 'model', model)
return call('HGET', run_key(no), 'model')
