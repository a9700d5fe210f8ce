set search_path to pairmill;

-- add_candidates(run number, [{key, texts, host, body} | {key, texts, line}], head, now) puts candidates that the run does not know into the buffer.
-- Those with a line are rejected already: their lines make a chunk, behind its head.
create function add_candidates(r int, harvest jsonb, head text, t bigint) returns void language plpgsql set search_path = pairmill as $$
declare added bigint; rejected bigint; lines text;
begin
  if harvest is null or jsonb_array_length(harvest) = 0 then return; end if;
  with c as (
    select distinct on (t.key) t.* from rows from (jsonb_to_recordset(harvest) as (key uuid, host text, texts jsonb, body jsonb, line text))
      with ordinality as t(key, host, texts, body, line, ord) order by t.key, t.ord
  ), fresh as (
    insert into candidate_seen (run, key) select r, key from c order by key on conflict do nothing returning key
  ), put as (
    insert into candidate (run, image_host, body) select r, c.host, c.body from c join fresh using (key) where c.line is null order by c.ord returning 1
  ), said as (
    insert into caption as k (run, hash, images)
      select r, hashtextextended(lower(x), 0) as hash, count(distinct c.key) from c join fresh using (key), jsonb_array_elements_text(c.texts) x group by 2 order by 2
    on conflict (run, hash) do update set images = k.images + excluded.images
  )
  select (select count(*) from put), count(*), string_agg(c.line, E'\n' order by c.ord) into added, rejected, lines
    from c join fresh using (key) where c.line is not null;
  if rejected > 0 then insert into reject_chunk (run, at_ms, body) values (r, t, head || E'\n' || lines); end if;
  update run set buffered = buffered + added, rejects = rejects + rejected, rejects_buffered = rejects_buffered + rejected where no = r;
  perform add_counts(r, jsonb_build_object('candidates', added + rejected));
end $$;

-- close_batches({run, batchSize, batchAgeMs, perHost, dry}) -> [batch id]
-- Makes batches of the buffer: full ones while it holds enough, and all of it when the oldest is batchAgeMs old or the crawl is dry.
create function close_batches(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; flush boolean;
begin
  select * into strict r from run where name = p->>'run' for update;
  if r.standing <> 'running' or (r.limits->>'maxPairs' is not null and r.kept >= (r.limits->>'maxPairs')::bigint) then return '[]'; end if;
  flush := coalesce((p->>'dry')::boolean, false) or (r.pages_leased = 0 and r.sources_open = 0
    and (r.urls = 0 or (r.limits->>'maxPages' is not null and r.pages >= (r.limits->>'maxPages')::bigint)));
  return close_rejects(r, flush, p) || deal_candidates(r.no, flush, p);
end $$;

-- close_rejects(run row, flush, as close_batches) -> [batch id]   all that are buffered make one batch
create function close_rejects(r run, flush boolean, p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  if r.rejects_buffered = 0 then return '[]'; end if;
  if not flush and r.rejects_buffered < 10000
    and now_ms() - (select at_ms from reject_chunk where run = r.no and batch is null order by id limit 1) < (p->>'batchAgeMs')::bigint
  then return '[]'; end if;
  insert into batch (run, id, state, rows) values (r.no, r.next_batch, 'open', r.rejects_buffered);
  update reject_chunk set batch = r.next_batch where run = r.no and batch is null;
  update run set rejects_buffered = 0, batches_open = batches_open + 1, next_batch = next_batch + 1 where no = r.no;
  return jsonb_build_array(r.next_batch::text);
end $$;

-- deal_candidates(run number, flush, as close_batches) -> [batch id]
-- Dealt round-robin over image hosts, at most perHost of one host, so that one slow host does not hold a whole batch: the n-th
-- perHost candidates of every host make the n-th round, and a round is cut into batches.
create function deal_candidates(r_no int, flush boolean, p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; t bigint := now_ms(); size int := (p->>'batchSize')::int; ready bigint; oldest bigint; n bigint; moved bigint;
begin
  select * into strict r from run where no = r_no;
  if r.buffered = 0 then return '[]'; end if;
  select count(*), min(since_ms) into ready, oldest from candidate where run = r.no and batch is null and not_before_ms <= t;
  flush := flush or t - oldest >= (p->>'batchAgeMs')::bigint;
  if ready = 0 or (ready < size and not flush) then return '[]'; end if;
  with dealt as (
    select id, row_number() over (partition by image_host order by id) - 1 as turn from candidate
    where run = r.no and batch is null and not_before_ms <= t
  ), cut as (
    select id, turn / (p->>'perHost')::int as round, (row_number() over (partition by turn / (p->>'perHost')::int order by turn, id) - 1) / size as slice from dealt
  ), sliced as (
    select round, slice, row_number() over w - 1 as batch, sum(count(*)) over w - count(*) as before from cut group by round, slice window w as (order by round, slice)
  ), chosen as (select * from sliced where flush or ready - before >= size
  ), put as (
    update candidate c set batch = r.next_batch + chosen.batch from cut join chosen using (round, slice) where c.id = cut.id returning 1
  ), made as (
    insert into batch (run, id, state) select r.no, r.next_batch + batch, 'open' from chosen returning 1
  )
  select (select count(*) from made), (select count(*) from put) into n, moved;
  update run set buffered = buffered - moved, batched = batched + moved, batches_open = batches_open + n, next_batch = next_batch + n where no = r.no;
  return (select coalesce(jsonb_agg((r.next_batch + g)::text), '[]') from generate_series(0, n - 1) g);
end $$;

-- split_batch(run number, batch row) halves a batch that was started twice and never ended, so that what kills its workers is found.
create function split_batch(r int, b batch) returns jsonb language plpgsql set search_path = pairmill as $$
declare one bigint; two bigint;
begin
  update run set next_batch = next_batch + 2, batches_open = batches_open + 1 where no = r returning next_batch - 2, next_batch - 1 into one, two;
  insert into batch (run, id, state) values (r, one, 'open'), (r, two, 'open');
  update candidate c set batch = case when x.n % 2 = 0 then one else two end
    from (select id, row_number() over (order by id) as n from candidate where run = r and batch = b.id) x where c.id = x.id;
  delete from batch where run = r and id = b.id;
  return jsonb_build_array(one::text, two::text);
end $$;

-- lease_batch({run, batch, token, leaseMs})
--   -> {kind: batch, candidates: [{id, attempts, body}], starts, failures} | {kind: rejects, chunks: [chunk]} | {kind: busy, inMs}
--    | {kind: split, batches: [id]} | {kind: gone} (committed, or the run has all the pairs it may have, or is to start nothing)
-- The start is counted before the work. After two that came to nothing the batch is split; what becomes of a single candidate that is
-- reached so is the worker's to say.
create function lease_batch(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; b batch; t bigint := now_ms(); n int; got jsonb;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into b from batch where run = r.no and id = (p->>'batch')::bigint for update;
  if not found or b.state <> 'open' then return '{"kind": "gone"}'; end if;
  if b.lease_token is not null then
    if b.lease_until_ms > t then return jsonb_build_object('kind', 'busy', 'inMs', b.lease_until_ms - t); end if;
    update run set batches_leased = greatest(batches_leased - 1, 0) where no = r.no;
    update batch set lease_token = null, lease_until_ms = 0 where run = r.no and id = b.id;
  end if;
  if r.standing <> 'running' or (r.limits->>'maxPairs' is not null and r.kept >= (r.limits->>'maxPairs')::bigint) then return '{"kind": "gone"}'; end if;
  select count(*), coalesce(jsonb_agg(jsonb_build_object('id', id, 'attempts', attempts, 'body', body) order by id), '[]') into n, got
    from candidate where run = r.no and batch = b.id;
  if b.starts + b.failures >= 2 and n > 1 then return jsonb_build_object('kind', 'split', 'batches', split_batch(r.no, b)); end if;
  update batch set lease_token = p->>'token', lease_until_ms = t + (p->>'leaseMs')::bigint, starts = starts + 1 where run = r.no and id = b.id;
  update run set batches_leased = batches_leased + 1 where no = r.no;
  if b.rows > 0 then
    return jsonb_build_object('kind', 'rejects', 'chunks', (select jsonb_agg(body order by id) from reject_chunk where run = r.no and batch = b.id));
  end if;
  return jsonb_build_object('kind', 'batch', 'candidates', got, 'starts', b.starts, 'failures', b.failures);
end $$;

-- near_claim(run number, hash, distance 0..3) -> the nearest kept image within the Hamming distance
create function near_claim(r int, h bigint, distance int) returns table (winner text, d int) language sql stable set search_path = pairmill as $$
  select sha256, bit_count((phash # h)::bit(64))::int as d from (
    select sha256, phash from claim where run = r and (phash & 65535)::int = (h & 65535)::int
    union all select sha256, phash from claim where run = r and (phash >> 16 & 65535)::int = (h >> 16 & 65535)::int
    union all select sha256, phash from claim where run = r and (phash >> 32 & 65535)::int = (h >> 32 & 65535)::int
    union all select sha256, phash from claim where run = r and (phash >> 48 & 65535)::int = (h >> 48 & 65535)::int
  ) banded where bit_count((phash # h)::bit(64)) <= distance order by d, sha256 limit 1
$$;

-- find_duplicates({run, images: [{sha256, phash}], near: bool, distance}) -> [{index, of, near}]   what is kept already
create function find_duplicates(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  with i as (
    select t.ord - 1 as index, t.sha256, ('x' || t.phash)::bit(64)::bigint as phash, r.no as run
    from rows from (jsonb_to_recordset(p->'images') as (sha256 text, phash text)) with ordinality as t(sha256, phash, ord), run r where r.name = p->>'run'
  ), hits as (
    select i.index, c.sha256 as winner, false as near, 0 as d from i join claim c on c.run = i.run and c.sha256 = i.sha256
    union all
    select i.index, m.winner, true, m.d from i, lateral near_claim(i.run, i.phash, (p->>'distance')::int) m where (p->>'near')::boolean
  ), best as (select distinct on (index) * from hits order by index, near, d, winner)
  select coalesce(jsonb_agg(jsonb_build_object('index', index, 'of', winner, 'near', near) order by index), '[]') from best
$$;

-- caption_counts({run, texts: [text]}) -> [n]   candidates of the run that carry each text
create function caption_counts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(coalesce(c.images, 0) order by t.ord), '[]')
  from run r cross join jsonb_array_elements_text(p->'texts') with ordinality t(x, ord)
    left join caption c on c.run = r.no and c.hash = hashtextextended(lower(t.x), 0)
  where r.name = p->>'run'
$$;

-- commit_batch({run, batch, token, part: {name, size, sha256, rows} | null (no candidate has a row), kept: [{row, sha256, phash, score}],
--     cited: [sha256], deferred: [{id, delayMs}], dropped: n (they have no row; absent = 0), counters, dedupe: near|exact|off,
--     distance})
--   -> {kind: committed, kept: n, losers: [{row, reason, duplicateOf}]} | {kind: lost} | {kind: stale}
-- Claims the images of the kept rows, best score first. Who finds an image claimed is a loser: its row will say so. `stale`: an
-- image that a duplicate cites is kept no more; the batch is free again and will be looked at anew.
create function commit_batch(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare
  r run; b batch; k record; t bigint := now_ms(); cited int; held int; losers jsonb := '[]'; rows_kept int[] := '{}'; room bigint; winner text; near boolean;
  back int; size int;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into b from batch where run = r.no and id = (p->>'batch')::bigint for update;
  if not found or b.state <> 'open' or b.lease_token is distinct from p->>'token' then return '{"kind": "lost"}'; end if;
  select count(distinct v) into cited from jsonb_array_elements_text(p->'cited') v;
  select count(*) into held from claim where run = r.no and sha256 in (select v from jsonb_array_elements_text(p->'cited') v);
  if held <> cited then
    perform release_lease(p || jsonb_build_object('kind', 'batch', 'id', p->'batch'));
    return '{"kind": "stale"}';
  end if;
  select count(*) into size from candidate where run = r.no and batch = b.id;
  if coalesce((p->'part'->>'rows')::int, 0) + jsonb_array_length(p->'deferred') + coalesce((p->>'dropped')::int, 0) <> size + b.rows then
    raise exception 'batch % ledgers % rows and defers %, but has % candidates', b.id, p->'part'->>'rows', jsonb_array_length(p->'deferred'), size + b.rows;
  end if;

  room := case when r.limits->>'maxPairs' is null then null else (r.limits->>'maxPairs')::bigint - r.kept end;
  for k in select row, sha256, ('x' || phash)::bit(64)::bigint as hash, score from jsonb_to_recordset(p->'kept') as x(row int, sha256 text, phash text, score float8)
    order by score desc nulls last, row
  loop
    winner := null; near := false;
    if p->>'dedupe' <> 'off' then
      select c.sha256 into winner from claim c where c.run = r.no and c.sha256 = k.sha256;
      if winner is null and p->>'dedupe' = 'near' then
        select m.winner into winner from near_claim(r.no, k.hash, (p->>'distance')::int) m;
        near := winner is not null;
      end if;
    end if;
    if winner is not null then
      losers := losers || jsonb_build_object('row', k.row, 'reason', case when near then 'duplicate_near' else 'duplicate_exact' end, 'duplicateOf', winner);
    elsif room is not null and cardinality(rows_kept) >= room then
      losers := losers || jsonb_build_object('row', k.row, 'reason', 'max_pairs', 'duplicateOf', null);
    else
      rows_kept := rows_kept || k.row;
      if p->>'dedupe' <> 'off' then
        insert into claim (run, sha256, phash, batch) values (r.no, k.sha256, case when p->>'dedupe' = 'near' then k.hash end, b.id);
      end if;
    end if;
  end loop;

  with moved as (
    update candidate c set batch = null, attempts = c.attempts + 1, not_before_ms = t + x."delayMs", since_ms = t
      from jsonb_to_recordset(p->'deferred') as x(id bigint, "delayMs" bigint) where c.run = r.no and c.batch = b.id and c.id = x.id returning 1
  ) select count(*) into back from moved;
  if back <> jsonb_array_length(p->'deferred') then
    raise exception 'batch % defers % candidates, of which it has %', b.id, jsonb_array_length(p->'deferred'), back;
  end if;
  delete from candidate where run = r.no and batch = b.id;
  delete from reject_chunk where run = r.no and batch = b.id;
  if p->'part' = 'null' then
    delete from batch where run = r.no and id = b.id;
  else
    update batch set state = 'done', committed_ms = t, lease_token = null, lease_until_ms = 0, kept = cardinality(rows_kept), rows = (p->'part'->>'rows')::int,
      part = (p->'part') || jsonb_build_object('kept', (select coalesce(jsonb_agg(v order by v), '[]') from unnest(rows_kept) v), 'losers', losers)
      where run = r.no and id = b.id;
  end if;
  perform add_counts(r.no, p->'counters');
  perform add_counts(r.no, jsonb_build_object('kept', cardinality(rows_kept)));
  perform add_counts(r.no, (select jsonb_object_agg('rejected:' || reason, n) from (select x->>'reason' as reason, count(*) n from jsonb_array_elements(losers) x group by 1) s));
  update run set batches_open = batches_open - 1, batches_leased = greatest(batches_leased - 1, 0), buffered = buffered + back, batched = batched - size, rejects = rejects - b.rows, kept = run.kept + cardinality(rows_kept),
    unplanned_kept = unplanned_kept + cardinality(rows_kept), unplanned_rows = unplanned_rows + coalesce((p->'part'->>'rows')::int, 0) where no = r.no;
  return jsonb_build_object('kind', 'committed', 'kept', cardinality(rows_kept), 'losers', losers);
end $$;

-- open_batches({run, limit}) -> [batch id]   open and held by nobody: the scheduler notifies of them. Those whose holders died come first, then
-- those of rejects, then the others, as they were made.
-- A lease that ran out is listed even where the run may keep no more: it counts as work under way until it is given back.
create function open_batches(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(id::text order by free, rows = 0, id), '[]') from (
    select b.id, b.rows, b.lease_token is null as free from batch b join run r on r.no = b.run
    where r.name = p->>'run' and b.state = 'open' and (b.lease_token is null or b.lease_until_ms <= now_ms())
      and (b.lease_token is not null or (r.standing = 'running' and (r.limits->>'maxPairs' is null or r.kept < (r.limits->>'maxPairs')::bigint)))
    order by free, b.rows = 0, b.id limit (p->>'limit')::int) t
$$;
