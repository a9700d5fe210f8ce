-- options({run}) -> its options | null: there is no such run
-- @reads
local no = call('HGET', all_runs, argument().run) or call('HGET', forgetting, argument().run)
return no and call('GET', options_key(no)) or nil
