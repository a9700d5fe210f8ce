-- KEYS  root
-- ARGV  run, source, from, to, ended (0, 1), more (1 = only the candidates: another call moves the cursor), batch size, batch age ms, most of
--       an image host, candidates (see add_candidates), counters: n, then name and count for each
-- ->    'committed', batches ... | 'elsewhere', '1' where it was read to its end, else '0', its cursor
-- Commits a source's contents between two of its cursors. A call that does not begin where the last commit ended changes nothing; the same
-- call again is answered as if it were the first one.
-- @include batches
local no, name, from, to, ended, more = run_number(take()), take(), take(), take(), take(), take() == '1'
local size, age_ms, per_host = take_number(), take_number(), take_number()
local stored = call('HGET', sources_key(no), name)
if not stored then return redis.error_reply('ERR there is no source ' .. name) end
if stored == ended .. ' ' .. to then return { 'committed' } end
if stored ~= '0 ' .. from then return { 'elsewhere', string.sub(stored, 1, 1), string.sub(stored, 3) } end
if more then
  add_candidates(no)
  return { 'committed' }
end
call('HSET', sources_key(no), name, ended .. ' ' .. to)
if ended == '1' then add(no, 'sources_open', -1) end
add_candidates(no)
take_counters(no)
return { 'committed', unpack(close_batches(no, size, age_ms, per_host, false)) }
