set search_path to pairmill;

-- open_sources({run, sources: [name]}) -> [{source, cursor, ended}]   in the order in which they were named
-- Tells the run what else candidates come from. One that it did not know opens a run that ended again.
create function open_sources(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; fresh int;
begin
  select * into strict r from run where name = p->>'run' for update;
  with added as (
    insert into source (run, name) select distinct r.no, v from jsonb_array_elements_text(p->'sources') v on conflict do nothing returning 1
  ) select count(*) into fresh from added;
  if fresh > 0 then update run set sources_open = sources_open + fresh, seedings = seedings + 1, ended = null where no = r.no; end if;
  return (select coalesce(jsonb_agg(jsonb_build_object('source', s.name, 'cursor', s.cursor, 'ended', s.ended) order by t.ord), '[]')
    from jsonb_array_elements_text(p->'sources') with ordinality t(v, ord) join source s on s.run = r.no and s.name = t.v);
end $$;

-- sources({run}) -> [{source, cursor, ended}]   in the order of their names
create function sources(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(jsonb_build_object('source', s.name, 'cursor', s.cursor, 'ended', s.ended) order by s.name collate "C"), '[]')
  from source s join run r on r.no = s.run where r.name = p->>'run'
$$;

-- commit_source({run, source, from, to, ended: bool, head, candidates (add_candidates), counters, batchSize, batchAgeMs, perHost})
--   -> {kind: committed, batches: [id]} | {kind: elsewhere, cursor, ended}
-- Commits a source's contents between two of its cursors. A call that does not begin where the last commit ended changes nothing; the same
-- call again is answered as if it were the first one.
create function commit_source(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; s source;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into strict s from source where run = r.no and name = p->>'source' for update;
  if s.cursor = p->>'to' and s.ended = (p->>'ended')::boolean then return '{"kind": "committed", "batches": []}'; end if;
  if s.ended or s.cursor <> p->>'from' then
    return jsonb_build_object('kind', 'elsewhere', 'cursor', s.cursor, 'ended', s.ended);
  end if;
  update source set cursor = p->>'to', ended = (p->>'ended')::boolean where run = r.no and name = s.name;
  if (p->>'ended')::boolean then update run set sources_open = sources_open - 1 where no = r.no; end if;
  perform add_candidates(r.no, p->'candidates', p->>'head', now_ms());
  perform crawl_waits(x) from run x where x.no = r.no;
  perform add_counts(r.no, p->'counters');
  return jsonb_build_object('kind', 'committed', 'batches', close_batches(p));
end $$;
