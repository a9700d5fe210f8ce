-- end_run({run, seedings, as}) -> bool   false where it was seeded or set going since `seedings` was read
local p = argument()
local key = run_key(run_number(p.run))
if tonumber(call('HGET', key, 'seedings') or 0) ~= p.seedings then return 'false' end
call('HSET', key, 'ended', p.as)
return 'true'
