-- KEYS  root
-- ARGV  run
-- ->    when it was made, in ms; nothing where there is no such run
local no = call('HGET', all_runs, take())
return no and call('HGET', run_key(no), 'created')
