set search_path to pairmill;

-- open_run({run, options, limits}) -> {created, options, limits, elapsedMs, seeded}
-- The first call stores the run; later ones return what is stored.
create function open_run(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; made boolean := false;
begin
  insert into run (name, options, limits) values (p->>'run', p->'options', p->'limits') on conflict (name) do nothing returning * into r;
  if found then made := true; else select * into strict r from run where name = p->>'run'; end if;
  return jsonb_build_object('created', made, 'options', r.options, 'limits', r.limits, 'elapsedMs', r.elapsed_ms, 'seeded', r.seeded);
end $$;

-- set_options({run, options}) -> {}   for a run that was never seeded: it has found nothing by the old ones
create function set_options(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set options = p->'options' where name = p->>'run';
  return '{}';
end $$;

-- set_limits({run, limits: {maxPages, maxPairs, maxPagesPerHost} (null = none)}) -> {}
create function set_limits(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set limits = p->'limits' where name = p->>'run';
  return '{}';
end $$;

-- add_elapsed({run, ms}) -> {}   working time, summed over resumes
create function add_elapsed(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set elapsed_ms = elapsed_ms + (p->>'ms')::bigint where name = p->>'run';
  return '{}';
end $$;

-- add_counts(run number, {name: n}) adds to the run's counters.
create function add_counts(r int, named jsonb) returns void language sql set search_path = pairmill as $$
  insert into counter as c (run, name, value)
    select r, k, v::bigint from jsonb_each_text(coalesce(named, '{}')) as e(k, v) where v::bigint <> 0 order by k
  on conflict (run, name) do update set value = c.value + excluded.value
$$;

-- progress({run}) -> what is left to do, as numbers; phaseOf() decides from it
create function progress(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select jsonb_build_object(
    'urls', urls, 'hosts', (select count(*) from run_host h where h.run = run.no and h.urls > 0), 'pages', pages, 'pagesLeased', pages_leased, 'buffered', buffered, 'batchesOpen', batches_open,
    'batchesLeased', batches_leased, 'kept', kept, 'unplannedKept', unplanned_kept, 'unplannedRows', unplanned_rows,
    'plansOpen', plans_open, 'nextShard', next_shard, 'elapsedMs', elapsed_ms)
  from run where name = p->>'run'
$$;

-- counters({run}) -> {name: n}
create function counters(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_object_agg(c.name, c.value), '{}') from counter c join run r on r.no = c.run where r.name = p->>'run'
$$;

-- hosts({run, limit}) -> [{host, urls, pages, nextFetchInMs, failures, leased, robots}]   the busiest first
create function hosts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(to_jsonb(t)), '[]') from (
    select rh.host, rh.urls, rh.pages, greatest(h.next_fetch_ms - now_ms(), 0) as "nextFetchInMs", h.failures,
      h.lease_token is not null and h.lease_until_ms > now_ms() as leased,
      (select b.record->>'detail' from robots b where b.origin in ('http://' || rh.host, 'https://' || rh.host) and b.record is not null limit 1) as robots
    from run_host rh join run r on r.no = rh.run join host h on h.host = rh.host
    where r.name = p->>'run' order by rh.urls desc, rh.pages desc, rh.host limit (p->>'limit')::int) t
$$;

-- reset_leases({}) -> {}   for a process that knows it is alone with this database: whoever held a lease is dead
create function reset_leases(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update url set leased = false where leased;
  update host set lease_token = null, lease_run = null, lease_until_ms = 0, lease_urls = 0 where lease_token is not null;
  update batch set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update plan set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update robots set claim_until_ms = 0 where claim_until_ms > 0;
  update run set pages_leased = 0, batches_leased = 0;
  return '{}';
end $$;
