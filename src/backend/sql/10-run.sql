set search_path to pairmill;

-- open_run({run, options, limits}) -> {created, options, limits, elapsedMs, seeded}
-- The first call stores the run; later ones return what is stored.
create function open_run(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; made boolean := false;
begin
  perform 1 from run where forgetting = p->>'run';
  if found then raise exception 'the run % is being forgotten', p->>'run'; end if;
  insert into run (name, options, limits) values (p->>'run', p->'options', p->'limits') on conflict (name) do nothing returning * into r;
  if found then made := true; else select * into strict r from run where name = p->>'run'; end if;
  return jsonb_build_object('created', made, 'options', r.options, 'limits', r.limits, 'elapsedMs', r.elapsed_ms, 'seeded', r.seeded);
end $$;

-- set_options({run, options}) -> {}   other options have a greater version
create function set_options(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set options = p->'options', options_version = options_version + 1 where name = p->>'run' and options <> p->'options';
  return '{}';
end $$;

-- options({run}) -> its options | null: there is no such run
create function options(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select options from run where coalesce(forgetting, name) = p->>'run'
$$;

-- set_limits({run, limits: {maxPages, maxPairs, maxPagesPerHost} (null = none)}) -> {}
create function set_limits(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set limits = p->'limits' where name = p->>'run';
  return '{}';
end $$;

-- add_elapsed({run, ms}) -> {}   working time, summed over resumes
create function add_elapsed(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set elapsed_ms = elapsed_ms + round((p->>'ms')::numeric)::bigint where name = p->>'run';
  return '{}';
end $$;

-- add_counts(run number, {name: n}) adds to the run's counters.
create function add_counts(r int, named jsonb) returns void language sql set search_path = pairmill as $$
  insert into counter as c (run, name, value)
    select r, k, v::bigint from jsonb_each_text(coalesce(named, '{}')) as e(k, v) where v::bigint <> 0 order by k
  on conflict (run, name) do update set value = c.value + excluded.value
$$;

-- set_backlog_mark({run, mark}) -> {}   see waits_above()
create function set_backlog_mark(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set backlog_mark = (p->>'mark')::bigint where name = p->>'run';
  return '{}';
end $$;

-- backlog_of(run row) -> candidates that wait to be judged, buffered or in an open batch. Those that were put back for a later time do not count,
-- and sixteen that wait for their row alone count as one: they take no more room, and next to no time.
create function backlog_of(r run) returns bigint language sql stable set search_path = pairmill as $$
  select r.buffered + r.batched + r.rejects / 16 - (select count(*) from candidate c where c.run = r.no and c.batch is null and c.not_before_ms > 0 and c.not_before_ms > now_ms())
$$;

-- is_above_mark(run row) -> whether the crawl waits for the filters: above its mark, and until it is at half of it
create function is_above_mark(r run) returns boolean language sql stable set search_path = pairmill as $$
  select backlog_of(r) > case when r.waits then floor(r.backlog_mark / 2.0) else r.backlog_mark end
$$;

-- crawl_waits(run row) -> the same, remembered
create function crawl_waits(r run) returns boolean language plpgsql set search_path = pairmill as $$
declare waits_now boolean := is_above_mark(r);
begin
  if waits_now <> r.waits then
    update run set waits = waits_now, went_on_ms = case when waits_now then went_on_ms else now_ms() end where no = r.no;
  end if;
  return waits_now;
end $$;

-- progress({run}) -> what is left to do, as numbers; phaseOf() decides from it
create function progress(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select jsonb_build_object(
    'urls', urls, 'hosts', (select count(*) from run_host h where h.run = run.no and h.urls > 0), 'pages', pages, 'pagesLeased', pages_leased, 'buffered', buffered + rejects_buffered, 'batchesOpen', batches_open,
    'batchesLeased', batches_leased, 'kept', kept, 'unplannedKept', unplanned_kept, 'unplannedRows', unplanned_rows,
    'plansOpen', plans_open, 'nextShard', next_shard, 'elapsedMs', elapsed_ms,
    'standing', standing, 'ended', ended, 'seedings', seedings, 'sourcesOpen', sources_open,
    'pageRows', page_rows, 'backlog', backlog_of(run), 'backlogMark', backlog_mark, 'crawlWaits', is_above_mark(run))
  from run where name = p->>'run'
$$;

-- counters({run}) -> {name: n}
create function counters(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_object_agg(c.name, c.value), '{}') from counter c join run r on r.no = c.run where r.name = p->>'run'
$$;

-- reset_leases({}) -> {}   for a process that knows it is alone with this database: whoever held a lease is dead
create function reset_leases(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update url set leased = false, deaths = deaths + 1 where leased;
  update host set lease_token = null, lease_run = null, lease_until_ms = 0, lease_urls = 0 where lease_token is not null;
  delete from host_group;
  update batch set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update plan set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update page_file set lease_token = null, lease_until_ms = 0 where lease_token is not null;
  update robots set claim_until_ms = 0 where claim_until_ms > 0;
  update run set pages_leased = 0, batches_leased = 0;
  delete from duty;
  delete from worker;
  return '{}';
end $$;

-- runs({}) -> [{run, standing, note, ended, createdMs, optionsVersion, limits, model}]   in the order in which they were opened
create function runs(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(jsonb_build_object('run', coalesce(forgetting, name), 'standing', standing, 'note', note, 'ended', ended, 'createdMs', created_ms,
    'optionsVersion', options_version, 'limits', limits, 'model', model) order by no), '[]') from run
$$;

-- created({run}) -> ms since the epoch | null: there is no such run
create function created(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select to_jsonb(created_ms) from run where name = p->>'run'
$$;

-- mark_forgotten({run, duties: [duty]}) -> {kind: marked | unknown | goes_on} | {kind: held, inMs}
-- From here on the name is no run's: nothing is written under the number any more.
create function mark_forgotten(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; t bigint := now_ms(); held_until bigint;
begin
  perform 1 from run where forgetting = p->>'run';
  if found then return '{"kind": "marked"}'; end if;
  select * into r from run where name = p->>'run' for update;
  if not found then return '{"kind": "unknown"}'; end if;
  if r.ended is null then return '{"kind": "goes_on"}'; end if;
  select max(until_ms) into held_until from (
    select lease_until_ms from host where lease_run = r.no and lease_token is not null
    union all select lease_until_ms from batch where run = r.no and lease_token is not null
    union all select lease_until_ms from plan where run = r.no and lease_token is not null
    union all select lease_until_ms from page_file where run = r.no and lease_token is not null
    union all select until_ms from duty where duty in (select jsonb_array_elements_text(p->'duties'))) held(until_ms);
  if held_until > t then return jsonb_build_object('kind', 'held', 'inMs', held_until - t); end if;
  delete from host_group where host in (select host from host where lease_run = r.no);
  update host set lease_token = null, lease_run = null, lease_until_ms = 0, lease_urls = 0 where lease_run = r.no;
  delete from duty where duty in (select jsonb_array_elements_text(p->'duties'));
  update run set name = '@' || no, forgetting = r.name, standing = 'forgetting' where no = r.no;
  return '{"kind": "marked"}';
end $$;

-- clear_forgotten({run, most}) -> {removed: n}   0 = nothing is left of it; else it is to be called again
create function clear_forgotten(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r int; t text; n bigint;
begin
  select no into r from run where forgetting = p->>'run';
  if not found then return '{"removed": 0}'; end if;
  foreach t in array array['url', 'seen', 'run_host', 'source', 'candidate', 'candidate_seen', 'reject_chunk', 'caption', 'batch', 'claim', 'plan',
    'counter', 'page_chunk', 'page_file'] loop
    execute format('delete from %I where ctid = any (array(select ctid from %I where run = $1 limit $2))', t, t) using r, (p->>'most')::int;
    get diagnostics n = row_count;
    if n > 0 then return jsonb_build_object('removed', n); end if;
  end loop;
  delete from run where no = r;
  return '{"removed": 1}';
end $$;

-- adopt_model({run, model}) -> the model that the first caller named
create function adopt_model(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare m jsonb;
begin
  update run set model = coalesce(model, p->'model') where name = p->>'run' returning model into strict m;
  return m;
end $$;

-- set_standing({run, standing, note}) -> bool   `running` opens a run that ended again
create function set_standing(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set standing = p->>'standing', note = p->>'note', ended = case when p->>'standing' = 'running' then null else ended end,
    seedings = seedings + (p->>'standing' = 'running')::int,
    went_on_ms = case when p->>'standing' = 'running' then now_ms() else went_on_ms end where name = p->>'run';
  return to_jsonb(found);
end $$;

-- end_run({run, seedings, as}) -> bool   false where it was seeded or set going since `seedings` was read
create function end_run(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update run set ended = p->>'as' where name = p->>'run' and seedings = (p->>'seedings')::int;
  return to_jsonb(found);
end $$;

-- claim_duty({duty, token, leaseMs}) -> bool   the holder goes on with it by the same call
create function claim_duty(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  insert into duty as d (duty, token, until_ms) values (p->>'duty', p->>'token', now_ms() + (p->>'leaseMs')::bigint)
  on conflict (duty) do update set token = excluded.token, until_ms = excluded.until_ms where d.token = excluded.token or d.until_ms <= now_ms();
  return to_jsonb(found);
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
