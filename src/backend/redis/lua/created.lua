-- created({run}) -> ms since the epoch | null: there is no such run
-- @reads
local no = call('HGET', all_runs, argument().run)
return no and call('HGET', run_key(no), 'created')
