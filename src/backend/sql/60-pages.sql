set search_path to pairmill;

-- close_page_file(run number, rows) makes the file that is filling a full one where it has at least so many rows.
create function close_page_file(r int, least_rows int) returns void language plpgsql set search_path = pairmill as $$
begin
  insert into page_file (run, id, rows, closed_ms) select no, page_file, page_file_rows, now_ms() from run where no = r and page_file_rows >= least_rows;
  if found then update run set page_file = page_file + 1, page_file_rows = 0 where no = r; end if;
end $$;

-- add_page_rows(run number, rows, chunk, now) puts a chunk of so many rows into the file that is filling.
create function add_page_rows(r int, n int, body text, t bigint) returns void language plpgsql set search_path = pairmill as $$
begin
  if n = 0 then return; end if;
  insert into page_chunk (run, file, at_ms, body) select r, page_file, t, add_page_rows.body from run where no = r;
  update run set page_rows = page_rows + n, page_file_rows = page_file_rows + n where no = r;
  perform close_page_file(r, 10000);
end $$;

-- drop_urls(run number, host, reason, on whose word (a permission, or null)) -> how many
-- Every URL of a host of which none is on lease goes into the page ledger.
create function drop_urls(r int, h text, reason text, by_ jsonb) returns int language plpgsql set search_path = pairmill as $$
declare x record; n int := 0; t bigint := now_ms();
begin
  for x in
    with dead as (delete from url u where u.run = r and u.host = h returning u.id, u.depth, u.attempts,
      case when starts_with(u.url, 'http://' || h) then 'h' || substr(u.url, 8 + length(h))
        when starts_with(u.url, 'https://' || h) then 's' || substr(u.url, 9 + length(h)) else 'x' || u.url end as place
    ), cut as (select dead.*, (row_number() over (order by id) - 1) / 200 as slice from dead)
    select count(*)::int as rows, jsonb_agg(depth || ' ' || attempts || ' ' || place order by id) as urls from cut group by slice order by slice
  loop
    perform add_page_rows(r, x.rows, jsonb_build_object('host', h, 'dropped', reason, 'by', by_, 'urls', x.urls)::text, t);
    n := n + x.rows;
  end loop;
  perform add_counts(r, jsonb_build_object('page_skipped:' || reason, n));
  return n;
end $$;

-- open_page_files({run, closing}) -> [file]   full ones that nobody holds; closing = the one that is filling is full too
create function open_page_files(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run;
begin
  select * into strict r from run where name = p->>'run' for update;
  if (p->>'closing')::boolean then perform close_page_file(r.no, 1); end if;
  return (select coalesce(jsonb_agg(id order by id), '[]') from page_file
    where run = r.no and (lease_token is null or lease_until_ms <= now_ms()));
end $$;

-- lease_page_file({run, file, token, leaseMs, settleMs}) -> {kind: rows, closedAtMs, chunks: [{at, body}]} | {kind: busy, inMs} | {kind: gone}
create function lease_page_file(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; f page_file; t bigint := now_ms(); chunks jsonb;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into f from page_file where run = r.no and id = (p->>'file')::int for update;
  if not found then return '{"kind": "gone"}'; end if;
  if f.lease_token is not null and f.lease_until_ms > t then return jsonb_build_object('kind', 'busy', 'inMs', f.lease_until_ms - t); end if;
  if f.closed_ms + (p->>'settleMs')::bigint > t then
    return jsonb_build_object('kind', 'busy', 'inMs', f.closed_ms + (p->>'settleMs')::bigint - t);
  end if;
  update page_file set lease_token = p->>'token', lease_until_ms = t + (p->>'leaseMs')::bigint where run = r.no and id = f.id;
  select jsonb_agg(jsonb_build_object('at', at_ms, 'body', body) order by id) into chunks from page_chunk where run = r.no and file = f.id;
  return jsonb_build_object('kind', 'rows', 'closedAtMs', f.closed_ms, 'chunks', chunks);
end $$;

-- commit_page_file({run, file, token}) -> committed | lost   the store has it
create function commit_page_file(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; n int;
begin
  select * into strict r from run where name = p->>'run' for update;
  delete from page_file where run = r.no and id = (p->>'file')::int and lease_token = p->>'token' returning rows into n;
  if not found then return '"lost"'; end if;
  delete from page_chunk where run = r.no and file = (p->>'file')::int;
  update run set page_rows = page_rows - n where no = r.no;
  return '"committed"';
end $$;

-- adopt_page_files({run, last}) -> {}   the store has files up to this one: what is filling is to be a later one
create function adopt_page_files(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; next int := (p->>'last')::int + 1;
begin
  select * into strict r from run where name = p->>'run' for update;
  if r.page_file < next then
    update page_chunk set file = next where run = r.no and file = r.page_file;
    update run set page_file = next where no = r.no;
  end if;
  return '{}';
end $$;
