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

-- set_options({run, options}) -> {}
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
    'plansOpen', plans_open, 'nextShard', next_shard, 'elapsedMs', elapsed_ms,
    'standing', standing, 'ended', ended, 'seedings', seedings, 'sourcesOpen', sources_open,
    'pageRows', page_rows)
  from run where name = p->>'run'
$$;

-- counters({run}) -> {name: n}
create function counters(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_object_agg(c.name, c.value), '{}') from counter c join run r on r.no = c.run where r.name = p->>'run'
$$;

-- throttle_of(host row, now) -> ms between two fetches that the host showed to need, as far as it is still believed
create function throttle_of(h host, t bigint) returns bigint language sql immutable as $$
  select case when h.throttle_ms >> least(greatest(t - h.throttle_at_ms, 0) / 60000, 40)::int < 50 then 0
    else h.throttle_ms >> least(greatest(t - h.throttle_at_ms, 0) / 60000, 40)::int end
$$;

-- hosts({run, limit}) -> [{host, urls, pages, nextFetchInMs, failures, delayMs, leased, crowded, robots}]   the busiest first
create function hosts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(to_jsonb(t)), '[]') from (
    select rh.host, rh.urls, rh.pages, greatest(h.next_fetch_ms - now_ms(), 0) as "nextFetchInMs", h.failures,
      greatest(h.crawl_delay_ms, throttle_of(h, now_ms())) as "delayMs",
      h.lease_token is not null and h.lease_until_ms > now_ms() as leased, h.crowded_at_ms > now_ms() - 10000 as crowded,
      (select b.record->>'detail' from robots b where b.origin in ('http://' || rh.host, 'https://' || rh.host) and b.record is not null limit 1) as robots
    from run_host rh join run r on r.no = rh.run join host h on h.host = rh.host
    where r.name = p->>'run' order by rh.urls desc, rh.pages desc, rh.host limit (p->>'limit')::int) t
$$;

-- reset_leases({}) -> {}   for a process that knows it is alone with this database: whoever held a lease is dead
create function reset_leases(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update url set leased = false where leased;
  update host set lease_token = null, lease_run = null, lease_until_ms = 0, lease_urls = 0 where lease_token is not null;
  delete from host_group;
  update batch set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update plan set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update page_file set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update robots set claim_until_ms = 0 where claim_until_ms > 0;
  update run set pages_leased = 0, batches_leased = 0;
  return '{}';
end $$;

-- runs({}) -> [{run, standing, note, ended, createdMs, options, limits, model}]   in the order in which they were opened
create function runs(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(jsonb_build_object('run', name, 'standing', standing, 'note', note, 'ended', ended, 'createdMs', created_ms,
    'options', options, 'limits', limits, 'model', model) order by no), '[]') from run
$$;

-- adopt_model({run, model}) -> the model that the first caller named
create function adopt_model(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare m jsonb;
begin
  update run set model = coalesce(model, p->'model') where name = p->>'run' returning model into strict m;
  return m;
end $$;

-- set_standing({run, standing, note}) -> {there: bool}   `running` opens a run that ended again
create function set_standing(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set standing = p->>'standing', note = p->>'note', ended = case when p->>'standing' = 'running' then null else ended end,
    seedings = seedings + (p->>'standing' = 'running')::int where name = p->>'run';
  return jsonb_build_object('there', found);
end $$;

-- end_run({run, seedings, as}) -> {ended: bool}   false where it was seeded or set going since `seedings` was read
create function end_run(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set ended = p->>'as' where name = p->>'run' and seedings = (p->>'seedings')::int;
  return jsonb_build_object('ended', found);
end $$;

-- claim_duty({duty, token, leaseMs}) -> {claimed: bool}   the holder goes on with it by the same call
create function claim_duty(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  insert into duty as d (duty, token, until_ms) values (p->>'duty', p->>'token', now_ms() + (p->>'leaseMs')::bigint)
  on conflict (duty) do update set token = excluded.token, until_ms = excluded.until_ms where d.token = excluded.token or d.until_ms <= now_ms();
  return jsonb_build_object('claimed', found);
end $$;

-- drop_duty({duty, token}) -> {}
create function drop_duty(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  delete from duty where duty = p->>'duty' and token = p->>'token';
  return '{}';
end $$;

-- beat({worker, body, ttlMs}) -> {}   it is alive, and forgotten after ttlMs
create function beat(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  delete from worker where until_ms <= now_ms();
  insert into worker (worker, body, said_ms, until_ms) values (p->>'worker', p->'body', now_ms(), now_ms() + (p->>'ttlMs')::bigint)
  on conflict (worker) do update set body = excluded.body, said_ms = excluded.said_ms, until_ms = excluded.until_ms;
  return '{}';
end $$;

-- remove_worker({worker}) -> {}
create function remove_worker(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  delete from worker where worker = p->>'worker';
  return '{}';
end $$;

-- workers({}) -> [{worker, body, agoMs}]
create function workers(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(jsonb_build_object('worker', worker, 'body', body, 'agoMs', now_ms() - said_ms) order by worker), '[]')
  from worker where until_ms > now_ms()
$$;
