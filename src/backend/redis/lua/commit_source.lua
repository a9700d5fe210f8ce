-- ARGV  run, source, from, to, ended (0, 1), more (1 = only the candidates: another call moves the cursor), batch size, batch age ms, most of
--       an image host, candidates (see add_candidates), counters: n, then name and count for each
-- ->    {kind: committed, batches: [batch]} | {kind: elsewhere, cursor, ended}
-- What was read of a source between two of its cursors. Who does not begin where the last commit ended changes nothing; who says the same
-- thing again is answered as if it were the first time.
-- @begins
-- @include batches backlog
local no, name, from, to, ended, more = run_number(take()), take(), take(), take(), take(), take() == '1'
local size, age_ms, per_host = take_number(), take_number(), take_number()
local stored = call('HGET', sources_key(no), name)
if not stored then return redis.error_reply('ERR there is no source ' .. name) end
if stored == ended .. ' ' .. to then return '{"kind":"committed","batches":[]}' end
if stored ~= '0 ' .. from then return object('kind', '"elsewhere"', 'cursor', text(string.sub(stored, 3)), 'ended', truth(string.sub(stored, 1, 1) == '1')) end
if more then
  add_candidates(no)
  crawl_waits(no)
  return '{"kind":"committed","batches":[]}'
end
call('HSET', sources_key(no), name, ended .. ' ' .. to)
if ended == '1' then add(no, 'sources_open', -1) end
add_candidates(no)
crawl_waits(no)
take_counters(no)
return object('kind', '"committed"', 'batches', texts(close_batches(no, size, age_ms, per_host, false)))
