-- KEYS  root
-- ARGV  run, duties as a list
-- ->    'marked' | 'unknown' | 'goes_on' | 'held', ms until every lease has run out
-- From here on the name is no run's: every script that is given it fails, and the number is never given again. Only forget_hosts may still
-- see it written under: leases of the dead are left. Sent twice, it is answered twice.
local name, held_duties = take(), take_list()
if call('HEXISTS', forgetting, name) == 1 then return { 'marked' } end
local no = call('HGET', all_runs, name)
if not no then return { 'unknown' } end
if not call('HGET', run_key(no), 'ended') then return { 'goes_on' } end

local held_until = 0
for _, key in ipairs({ held_key(no), batch_key(no, 'held'), plan_key(no, 'open'), full_files_key(no) }) do
  held_until = math.max(held_until, tonumber(call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2] or 0))
end
for _, duty in ipairs(held_duties) do
  held_until = math.max(held_until, tonumber(string.match(call('HGET', duties, duty) or '', '^%d+') or 0))
end
if held_until > now then return { 'held', held_until - now } end

call('HDEL', all_runs, name)
call_with('HDEL', duties, held_duties)
call('HSET', forgetting, name, no)
call('HSET', run_key(no), 'standing', 'forgetting')
return { 'marked' }
