-- KEYS  root
-- ARGV  run, standing, note ('' = none)
-- ->    1, or 0 where there is no such run.  `running` opens a run that ended again
local no = call('HGET', all_runs, take())
if not no then return 0 end
local standing, note = take(), take()
call('HSET', run_key(no), 'standing', standing)
if note == '' then call('HDEL', run_key(no), 'note') else call('HSET', run_key(no), 'note', note) end
if standing == 'running' then
  call('HDEL', run_key(no), 'ended')
  add(no, 'seedings', 1)
end
return 1
