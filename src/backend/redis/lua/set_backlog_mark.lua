-- set_backlog_mark({run, mark})   see parts/backlog.lua
local p = argument()
call('HSET', run_key(run_number(p.run)), 'backlog_mark', p.mark)
