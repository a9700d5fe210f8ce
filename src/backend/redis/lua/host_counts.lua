-- host_counts({run, withinMs}) -> {held, due}   how many hosts the run holds, and how many others with URLs it may look at within that time
-- @reads
local p = argument()
local no = run_number(p.run)
return object('held', call('ZCARD', held_key(no)), 'due', call('ZCOUNT', due_key(no), '-inf', now + p.withinMs))
