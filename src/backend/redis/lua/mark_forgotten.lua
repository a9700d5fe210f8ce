-- mark_forgotten({run, duties: [duty]}) -> {kind: marked | unknown | goes_on} | {kind: held, inMs: until every lease has run out}
-- From here on the name is no run's: every script that is given it fails, and the number is never given again. Only forget_hosts may still
-- see it written under: leases of the dead are left. Sent twice, it is answered twice.
local p = argument()
local name, held_duties = p.run, p.duties
if call('HEXISTS', forgetting, name) == 1 then return '{"kind":"marked"}' end
local no = call('HGET', all_runs, name)
if not no then return '{"kind":"unknown"}' end
if not call('HGET', run_key(no), 'ended') then return '{"kind":"goes_on"}' end

local held_until = 0
for _, key in ipairs({ held_key(no), batch_key(no, 'held'), plan_key(no, 'open'), full_files_key(no) }) do
  held_until = math.max(held_until, tonumber(call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] or 0))
end
for _, duty in ipairs(held_duties) do
  held_until = math.max(held_until, tonumber(string.match(call('HGET', duties, duty) or '', '^%d+') or 0))
end
if held_until > now then return object('kind', '"held"', 'inMs', held_until - now) end

call('HDEL', all_runs, name)
call_with('HDEL', duties, held_duties)
call('HSET', forgetting, name, no)
call('HSET', run_key(no), 'standing', 'forgetting')
return '{"kind":"marked"}'
