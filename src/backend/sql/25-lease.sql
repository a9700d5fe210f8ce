set search_path to pairmill;

-- set_lease({run, kind: batch | plan | page_file, id, token}, new token, until) -> whether the token held it
-- Work that one worker at a time holds: a row of one of these tables, by its kind.
create function set_lease(p jsonb, new_token text, until bigint) returns boolean language plpgsql set search_path = pairmill as $$
declare n int;
begin
  execute format('update %I w set lease_token = $1, lease_until_ms = $2 from run r where r.name = $3 and w.run = r.no and w.id = $4 and w.lease_token = $5', p->>'kind')
    using new_token, until, p->>'run', (p->>'id')::bigint, p->>'token';
  get diagnostics n = row_count;
  return n > 0;
end $$;

-- extend_lease({run, kind, id, token, leaseMs}) -> {kind: held} | {kind: lost}
create function extend_lease(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  return case when set_lease(p, p->>'token', now_ms() + (p->>'leaseMs')::bigint) then '{"kind": "held"}' else '{"kind": "lost"}' end;
end $$;

-- release_lease({run, kind, id, token, failed: bool}) -> {}   the work was given up: of a batch that is no start, and a failure where it is to blame
create function release_lease(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run;
begin
  select * into strict r from run where name = p->>'run' for update;
  if set_lease(p, null, 0) and p->>'kind' = 'batch' then
    update run set batches_leased = greatest(batches_leased - 1, 0) where no = r.no;
    update batch set starts = greatest(starts - 1, 0), failures = failures + coalesce((p->>'failed')::boolean, false)::int
      where run = r.no and id = (p->>'id')::bigint;
  end if;
  return '{}';
end $$;
