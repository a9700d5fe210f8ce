-- set_standing({run, standing, note}) -> bool: there is such a run   `running` opens a run that ended again
local p = argument()
local no = call('HGET', all_runs, p.run)
if not no then return 'false' end
call('HSET', run_key(no), 'standing', p.standing)
if p.note then call('HSET', run_key(no), 'note', p.note) else call('HDEL', run_key(no), 'note') end
if p.standing == 'running' then
  call('HDEL', run_key(no), 'ended')
  call('HSET', run_key(no), 'went_on', now)
  add(no, 'seedings', 1)
end
return 'true'
