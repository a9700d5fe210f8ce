set search_path to pairmill;

-- unplanned_parts({run, limit}) -> [{batch, kept, rows, agoMs}]   committed batches that no plan has, in order
create function unplanned_parts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(jsonb_build_object('batch', id::text, 'kept', kept, 'rows', rows, 'agoMs', now_ms() - committed_ms) order by id), '[]') from (
    select b.id, b.kept, b.rows, b.committed_ms from batch b join run r on r.no = b.run where r.name = p->>'run' and b.state = 'done' order by b.id limit (p->>'limit')::int) t
$$;

-- allot_plan({run, batches: [id], shards, shardSize}) -> plan id | null   null where one of the batches is planned already
create function allot_plan(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; wanted bigint[]; n int; sum_kept bigint; sum_rows bigint;
begin
  select * into strict r from run where name = p->>'run' for update;
  select array_agg(v::bigint) into wanted from jsonb_array_elements_text(p->'batches') v;
  select count(*), coalesce(sum(kept), 0), coalesce(sum(rows), 0) into n, sum_kept, sum_rows
    from batch where run = r.no and state = 'done' and id = any(wanted);
  if n = 0 or n <> cardinality(wanted) then return null; end if;
  update batch set state = 'planned', plan = r.next_plan where run = r.no and id = any(wanted);
  insert into plan (run, id, state, body) values (r.no, r.next_plan, 'open', jsonb_build_object('plan', r.next_plan, 'firstShard', r.next_shard,
    'shards', (p->>'shards')::int, 'shardSize', (p->>'shardSize')::int, 'createdAtMs', now_ms()));
  update run set next_plan = next_plan + 1, next_shard = next_shard + (p->>'shards')::int, plans_open = plans_open + 1,
    unplanned_kept = unplanned_kept - sum_kept, unplanned_rows = unplanned_rows - sum_rows where no = r.no;
  return to_jsonb(r.next_plan);
end $$;

-- lease_plan({run, plan, token, leaseMs}) -> {kind: plan, plan: {plan, firstShard, shards, shardSize, createdAtMs, parts: [{batch, name, ...}]}}
--   | {kind: busy, inMs} | {kind: gone}
create function lease_plan(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; q plan; t bigint := now_ms(); parts jsonb;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into q from plan where run = r.no and id = (p->>'plan')::int for update;
  if not found or q.state <> 'open' then return '{"kind": "gone"}'; end if;
  if q.lease_token is not null and q.lease_until_ms > t then return jsonb_build_object('kind', 'busy', 'inMs', q.lease_until_ms - t); end if;
  update plan set lease_token = p->>'token', lease_until_ms = t + (p->>'leaseMs')::bigint where run = r.no and id = q.id;
  select coalesce(jsonb_agg(part || jsonb_build_object('batch', id::text) order by id), '[]') into parts from batch where run = r.no and plan = q.id;
  return jsonb_build_object('kind', 'plan', 'plan', q.body || jsonb_build_object('parts', parts));
end $$;

-- commit_plan({run, plan, token, counters}) -> {kind: committed} | {kind: lost}   its shards are in the store; its parts are needed no more
create function commit_plan(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; q plan;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into q from plan where run = r.no and id = (p->>'plan')::int for update;
  if not found or q.state <> 'open' or q.lease_token is distinct from p->>'token' then return '{"kind": "lost"}'; end if;
  update plan set state = 'done', lease_token = null, lease_until_ms = 0 where run = r.no and id = q.id;
  update batch set part = null where run = r.no and plan = q.id;
  update run set plans_open = plans_open - 1 where no = r.no;
  perform add_counts(r.no, p->'counters');
  return '{"kind": "committed"}';
end $$;

-- adopt_plan({run, plan: {plan, firstShard, shards, shardSize, createdAtMs, parts}}) -> bool
-- The store knows a plan that the backend does not: the backend lost its last moments. The plan's batches are planned, whatever the
-- backend thought of them, and its numbers are never given again.
create function adopt_plan(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; b record; old batch; id_ int := (p->'plan'->>'plan')::int; kept_ int; rows_ int;
begin
  select * into strict r from run where name = p->>'run' for update;
  if exists (select 1 from plan where run = r.no and id = id_) then return 'false'; end if;
  insert into plan (run, id, state, body) values (r.no, id_, 'open', (p->'plan') - 'parts');
  for b in select * from jsonb_to_recordset(p->'plan'->'parts') as x(batch bigint, name text, size bigint, sha256 text, rows int, kept jsonb, losers jsonb) loop
    kept_ := jsonb_array_length(b.kept); rows_ := b.rows;
    select * into old from batch where run = r.no and id = b.batch;
    if found and old.state = 'open' then
      update run set batches_open = batches_open - 1, batches_leased = batches_leased - (old.lease_token is not null)::int, kept = run.kept + kept_
        where no = r.no;
      with gone as (delete from candidate where run = r.no and batch = b.batch returning 1)
        update run set batched = batched - (select count(*) from gone), rejects = rejects - old.rows where no = r.no;
      delete from reject_chunk where run = r.no and batch = b.batch;
    elsif found and old.state = 'done' then
      update run set unplanned_kept = unplanned_kept - old.kept, unplanned_rows = unplanned_rows - old.rows where no = r.no;
    elsif not found then
      update run set kept = run.kept + kept_ where no = r.no;
    end if;
    insert into batch (run, id, state, part, kept, rows, plan) values (r.no, b.batch, 'planned', jsonb_build_object('name', b.name, 'size', b.size,
      'sha256', b.sha256, 'rows', rows_, 'kept', b.kept, 'losers', b.losers), kept_, rows_, id_)
    on conflict (run, id) do update set state = 'planned', part = excluded.part, kept = excluded.kept, rows = excluded.rows, plan = id_, lease_token = null;
  end loop;
  update run set next_plan = greatest(next_plan, id_ + 1), next_shard = greatest(next_shard, (p->'plan'->>'firstShard')::int + (p->'plan'->>'shards')::int),
    next_batch = greatest(next_batch, (select coalesce(max(id), 0) + 1 from batch where run = r.no)), plans_open = plans_open + 1 where no = r.no;
  return 'true';
end $$;

-- open_plans({run}) -> [plan id]   held by nobody
create function open_plans(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(q.id order by q.id), '[]') from plan q join run r on r.no = q.run
  where r.name = p->>'run' and q.state = 'open' and (q.lease_token is null or q.lease_until_ms <= now_ms())
$$;

-- live_parts({run}) -> [name]   parts that a commit took up and no committed shard has yet; every other part can go
create function live_parts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(b.part->>'name'), '[]') from batch b join run r on r.no = b.run where r.name = p->>'run' and b.part is not null
$$;
