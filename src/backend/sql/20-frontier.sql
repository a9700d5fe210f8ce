set search_path to pairmill;

-- offer_urls(run number, [{url, host, depth, anchor, redirects}]) -> hosts that had no URL waiting until now
-- A URL enters a run once, whoever offers it and however often.
create function offer_urls(r int, offers jsonb) returns text[] language plpgsql set search_path = pairmill as $$
declare woken text[]; added bigint;
begin
  if offers is null or jsonb_array_length(offers) = 0 then return '{}'; end if;
  with o as (
    select distinct on (hash) * from (
      select t.*, hashtextextended(t.url, 0) as hash
      from rows from (jsonb_to_recordset(offers) as (url text, host text, depth int, anchor text, redirects int)) with ordinality as t(url, host, depth, anchor, redirects, ord)
    ) x order by hash, ord
  ), fresh as (
    insert into seen (run, hash) select r, hash from o order by hash on conflict do nothing returning hash
  ), put as (
    insert into url (run, host, url, depth, anchor, redirects)
      select r, o.host, o.url, o.depth, o.anchor, o.redirects from o join fresh using (hash) order by o.ord returning host
  ), sums as (
    select host, count(*)::int as n from put group by host
  ), known as (
    insert into host (host) select host from sums order by host on conflict do nothing
  ), tally as (
    insert into run_host as rh (run, host, urls) select r, host, n from sums order by host
    on conflict (run, host) do update set urls = rh.urls + excluded.urls returning rh.host, rh.urls
  )
  select coalesce(array_agg(tally.host) filter (where tally.urls = sums.n), '{}'), coalesce(sum(sums.n), 0)
    into woken, added from tally join sums using (host);
  update run set urls = urls + added where no = r;
  return woken;
end $$;

-- offer({run, urls: [...], seeds: bool}) -> [host]   seeds = true marks the run as seeded, and one that ended as going on
create function offer(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; woken text[];
begin
  select * into strict r from run where name = p->>'run' for update;
  woken := offer_urls(r.no, p->'urls');
  if (p->>'seeds')::boolean then update run set seeded = true, seedings = seedings + 1, ended = null where no = r.no; end if;
  return to_jsonb(woken);
end $$;

-- give_back_host(host row, died) puts the URLs of a lease back. Attempts are not counted: the host did nothing wrong. died: that the holder
-- did is remembered of each.
create function give_back_host(h host, died boolean) returns void language plpgsql set search_path = pairmill as $$
begin
  update url set leased = false, deaths = deaths + died::int where run = h.lease_run and host = h.host and leased;
  update run set pages_leased = greatest(pages_leased - h.lease_urls, 0) where no = h.lease_run;
  update host set lease_token = null, lease_run = null, lease_until_ms = 0, lease_urls = 0 where host = h.host;
  delete from host_group where host = h.host;
end $$;

-- page_room(run row) -> the pages it may yet lease: none where it is not running, waits for its filters, or has all its pairs; null = any
create function page_room(r run) returns bigint language plpgsql set search_path = pairmill as $$
begin
  if r.standing <> 'running' or crawl_waits(r) or r.kept >= (r.limits->>'maxPairs')::bigint then return 0; end if;
  return case when r.limits->>'maxPages' is null then null else greatest((r.limits->>'maxPages')::bigint - r.pages - r.pages_leased, 0) end;
end $$;

-- next_url_ms(run number, host, now) -> when the next URL of the host that nobody holds may be tried; null = it has none
create function next_url_ms(r int, h text, t bigint) returns bigint language plpgsql stable set search_path = pairmill as $$
begin
  -- Most often one is due; only where none is does it take a look at all of them.
  perform 1 from url where run = r and host = h and not leased and not_before_ms <= t order by depth, id limit 1;
  if found then return t; end if;
  return (select min(not_before_ms) from url where run = r and host = h and not leased);
end $$;

-- lease_host({run, host, token, max, delayMs, windowMs, leaseMs, groups: [name], perGroup})
--   -> {kind: urls, urls: [{id, url, depth, anchor, redirects, attempts, deaths?, refusedCommits?}], delayMs, failures, reservedMs (for the commit), rendered (rendered_of)}
--    | {kind: busy, inMs} | {kind: not_yet, inMs} | {kind: none}
-- One holder a host over all runs and machines. Where several runs want it, it goes to each in turn, and to none for many more URLs than
-- the one before had. The lease reserves one slot a URL, delayMs apart, the first one now, as many
-- as fit into windowMs, and one more, so that a fetch that starts a little late does not come near the next holder's. What a
-- session does not use, its commit gives back. A host whose page budget is used up loses its URLs. At most perGroup hosts of one group are
-- on lease at once. A URL is suspected after two deaths, or a commit that was refused: it is leased alone, so that it takes no other with it.
create function lease_host(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare
  r run; h host; t bigint := now_ms(); room bigint; gap bigint; got jsonb; others jsonb; n int; soonest bigint; cap bigint;
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into h from host where host = p->>'host' for update;
  if not found then return '{"kind": "none"}'; end if;
  if h.lease_token is not null then
    if h.lease_until_ms > t then
      if h.lease_run <> r.no and coalesce(page_room(r), 1) > 0 and next_url_ms(r.no, h.host, t) <= t then
        perform ask_turn(h, r.no, t);
      end if;
      return jsonb_build_object('kind', 'busy', 'inMs', h.lease_until_ms - t);
    end if;
    perform give_back_host(h, true);
    select * into strict r from run where no = r.no;
  end if;
  room := least((p->>'max')::bigint, page_room(r));
  if r.standing = 'running' and r.limits->>'maxPagesPerHost' is not null then
    select (r.limits->>'maxPagesPerHost')::bigint - pages into cap from run_host where run = r.no and host = h.host;
    if cap <= 0 then
      n := drop_urls(r.no, h.host, 'host_budget', null);
      update run_host set urls = urls - n where run = r.no and host = h.host;
      update run set urls = urls - n where no = r.no;
      return '{"kind": "none"}';
    end if;
    room := least(room, coalesce(cap, room));
  end if;
  if room <= 0 then
    update host set turns = other_turns(h, r.no, t) where host = h.host and turns <> '[]';
    return '{"kind": "none"}';
  end if;
  if h.next_fetch_ms > t then return jsonb_build_object('kind', 'not_yet', 'inMs', h.next_fetch_ms - t); end if;
  if not has_turn(h, r.no, t) and next_url_ms(r.no, h.host, t) <= t then
    perform ask_turn(h, r.no, t);
    return jsonb_build_object('kind', 'not_yet', 'inMs', 1000);
  end if;
  if jsonb_array_length(p->'groups') > 0 then
    delete from host_group where until_ms <= t and name in (select jsonb_array_elements_text(p->'groups'));
    perform 1 from host_group where name in (select jsonb_array_elements_text(p->'groups')) group by name having count(*) >= (p->>'perGroup')::int;
    if found then
      update host set crowded_at_ms = t where host = h.host;
      return jsonb_build_object('kind', 'not_yet', 'inMs', 2000);
    end if;
  end if;
  gap := greatest((p->>'delayMs')::bigint, h.crawl_delay_ms, throttle_of(h, t));
  if gap > 0 then room := least(room, (p->>'windowMs')::bigint / gap + 1); end if;
  others := other_turns(h, r.no, t);
  if h.last_turn_run <> r.no then room := least(room, ceil(h.last_turn_urls * 1.25)::bigint); end if;
  -- An array, so that the rows are picked once and then found by their key, whatever the planner knows of the table.
  with taken as (
    update url set leased = true where id = any (array(
      with first as (
        select id, depth, deaths >= 2 or refused > 0 as suspect from url
          where run = r.no and host = h.host and not leased and not_before_ms <= t order by depth, id limit room
      ), turn as (select id, suspect, row_number() over (order by depth, id) as n from first)
      select id from turn where turn.n <= (select case when bool_or(suspect) then greatest(min(turn.n) filter (where suspect) - 1, 1) else room end from turn)
    )) returning *
  )
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', id, 'url', url, 'depth', depth, 'anchor', anchor, 'redirects', redirects,
    'attempts', attempts, 'deaths', nullif(deaths, 0), 'refusedCommits', nullif(refused, 0))) order by depth, id), count(*) into got, n from taken;
  if n = 0 then
    soonest := next_url_ms(r.no, h.host, t);
    update host set turns = others where host = h.host and turns <> '[]';
    if soonest is null then return '{"kind": "none"}'; end if;
    return jsonb_build_object('kind', 'not_yet', 'inMs', greatest(soonest - t, 1));
  end if;
  -- From the first time on that another run asked for the host, every turn is remembered.
  if h.turns <> '[]' or h.last_turn_run is not null then
    update host set turns = others, last_turn_run = r.no, last_turn_urls = n where host = h.host;
  end if;
  update host set lease_token = p->>'token', lease_run = r.no, lease_until_ms = t + (p->>'leaseMs')::bigint, lease_urls = n,
    next_fetch_ms = t + (n + 1) * gap, crowded_at_ms = 0 where host = h.host;
  insert into host_group (name, host, until_ms) select distinct g, h.host, t + (p->>'leaseMs')::bigint from jsonb_array_elements_text(p->'groups') g;
  update run set pages_leased = pages_leased + n where no = r.no;
  return jsonb_build_object('kind', 'urls', 'urls', got, 'delayMs', gap, 'failures', h.failures, 'reservedMs', t + (n + 1) * gap,
    'rendered', rendered_of(h));
end $$;

-- release_host({run, host, token, pauseMs}) -> {}   the session was given up by a worker that lives; the host rests for so long
create function release_host(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare h host;
begin
  perform 1 from run where name = p->>'run' for update;
  select * into h from host where host = p->>'host' and lease_token = p->>'token' for update;
  if not found then return '{}'; end if;
  perform give_back_host(h, false);
  update host set next_fetch_ms = greatest(next_fetch_ms, now_ms() + (p->>'pauseMs')::bigint) where host = h.host;
  return '{}';
end $$;

-- commit_session({run, host, token, partial, done: [id], retry: [{id, delayMs, refused?}], back: [id], decidedRows, decided (a chunk), unreachable, drainedAs, pages, offers, head, candidates (add_candidates),
--     counters, delayMs, reservedMs, lastFetchAgoMs (null = nothing fetched), pauseMs, throttleMs (0 = none), rendered (add_rendered), health: ok|bad|none,
--     maxFailures, maxFailingMs, batchSize, batchAgeMs, perHost})
--   -> {kind: committed, hosts: [host], batches: [id], moreInMs (null = no URL left here), crawlWaits} | {kind: lost}
-- A partial commit is for some of the leased URLs and keeps the lease; the last one must name all that are left. Else the lease was
-- not this session's and nothing is written.
create function commit_session(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare
  r run; h host; t bigint := now_ms(); named int; strange int; woken text[]; gap bigint; gone int; dropped int := 0; fails int; since bigint;
  batches jsonb; soonest bigint; free_ms bigint; partial boolean := coalesce((p->>'partial')::boolean, false);
begin
  select * into strict r from run where name = p->>'run' for update;
  select * into h from host where host = p->>'host' for update;
  if not found or h.lease_token is distinct from p->>'token' or h.lease_run <> r.no then return '{"kind": "lost"}'; end if;
  select count(u.id), count(*) - count(distinct u.id) into named, strange from (
    select v::bigint as id from jsonb_array_elements_text((p->'done') || (p->'back')) v
    union all select (x->>'id')::bigint from jsonb_array_elements(p->'retry') x
  ) s left join url u on u.id = s.id and u.run = r.no and u.host = h.host and u.leased;
  if strange <> 0 or named > h.lease_urls or (named < h.lease_urls and not partial) then
    raise exception 'session of % names % of % leased URLs, and % others', h.host, named, h.lease_urls, strange;
  end if;

  with gone_rows as (
    delete from url where id = any (array(select v::bigint from jsonb_array_elements_text(p->'done') v)) and run = r.no and host = h.host and leased returning 1
  ) select count(*) into gone from gone_rows;
  -- Its worker lived, so no earlier death was its fault.
  update url u set leased = false, attempts = u.attempts + 1, not_before_ms = t + x."delayMs", deaths = 0, refused = u.refused + coalesce(x.refused, false)::int
    from jsonb_to_recordset(p->'retry') as x(id bigint, "delayMs" bigint, refused boolean) where u.id = x.id and u.run = r.no and u.host = h.host;
  update url set leased = false
    where id = any (array(select v::bigint from jsonb_array_elements_text(p->'back') v)) and run = r.no and host = h.host and leased;

  perform add_page_rows(r.no, (p->>'decidedRows')::int, p->>'decided', t);
  perform add_rendered(h.host, p->'rendered');
  if partial then
    update host set lease_urls = lease_urls - named where host = h.host;
    free_ms := t;
  else
    fails := case p->>'health' when 'ok' then 0 when 'bad' then h.failures + 1 else h.failures end;
    -- While the crawl waited nobody asked the host: that time is none in which it failed.
    since := case p->>'health' when 'ok' then null when 'bad' then case when h.failing_since_ms is null then t else greatest(h.failing_since_ms, r.went_on_ms) end
      else h.failing_since_ms end;
    if fails > 0 and (fails >= (p->>'maxFailures')::int or t - since > (p->>'maxFailingMs')::bigint) then
      dropped := drop_urls(r.no, h.host, p->>'drainedAs', nullif(p->'unreachable', 'null'));
      fails := 0; since := null;
    end if;

    -- Slots that were reserved and not used go back, unless somebody reserved behind them.
    perform throttle_host(h.host, (p->>'throttleMs')::bigint, t);
    gap := greatest((p->>'delayMs')::bigint, h.crawl_delay_ms, (p->>'throttleMs')::bigint, throttle_of(h, t));
    free_ms := case when h.next_fetch_ms = (p->>'reservedMs')::bigint then t else h.next_fetch_ms end;
    if p->>'lastFetchAgoMs' is not null then
      free_ms := case when h.next_fetch_ms = (p->>'reservedMs')::bigint then 0 else free_ms end;
      free_ms := greatest(free_ms, t - (p->>'lastFetchAgoMs')::bigint + gap);
    end if;
    free_ms := greatest(free_ms, t + coalesce((p->>'pauseMs')::bigint, 0));
    update host set lease_token = null, lease_run = null, lease_until_ms = 0, lease_urls = 0, next_fetch_ms = free_ms,
      failures = fails, failing_since_ms = since where host = h.host;
    delete from host_group where host = h.host;
  end if;
  update run_host set listed_until_ms = 0 where host = h.host and listed_until_ms > 0;
  update run_host set urls = urls - gone - dropped, pages = pages + (p->>'pages')::int where run = r.no and host = h.host;
  update run set pages_leased = greatest(pages_leased - named, 0), pages = pages + (p->>'pages')::bigint,
    urls = urls - gone - dropped where no = r.no;

  woken := offer_urls(r.no, p->'offers');
  perform add_candidates(r.no, p->'candidates', p->>'head', t);
  perform add_counts(r.no, p->'counters');
  batches := close_batches(p);
  soonest := next_url_ms(r.no, h.host, t);
  return jsonb_build_object('kind', 'committed', 'hosts', to_jsonb(woken), 'batches', batches,
    'moreInMs', case when soonest is null then null else greatest(soonest - t, free_ms - t, 0) end,
    'crawlWaits', (select crawl_waits(x) from run x where x.no = r.no));
end $$;

-- waiting_hosts({run, limit, restMs}) -> [host]   hosts with URLs that are due and that nobody holds: the scheduler notifies of them
-- One that is listed is not listed again for restMs, unless something happens to it.
-- A lease that ran out is listed even where the run may fetch no more: it holds a part of the budget until it is given back.
create function waiting_hosts(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare r run; t bigint := now_ms(); room bigint; found text[];
begin
  select * into strict r from run where name = p->>'run' for update;
  room := page_room(r);
  found := array(
    select rh.host from run_host rh join host h on h.host = rh.host
    where rh.run = r.no and rh.urls > 0 and rh.listed_until_ms <= t
      and (h.lease_token is null or h.lease_until_ms <= t) and h.next_fetch_ms <= t and (h.lease_token is not null or room is null or room > 0)
      and exists (select 1 from url u where u.run = r.no and u.host = rh.host and (u.leased or u.not_before_ms <= t))
    order by h.next_fetch_ms, rh.host limit (p->>'limit')::int);
  if (p->>'restMs')::bigint > 0 then
    update run_host set listed_until_ms = t + (p->>'restMs')::bigint where run = r.no and host = any(found);
  end if;
  return to_jsonb(found);
end $$;

-- host_counts({run, withinMs}) -> {held, due}   how many hosts the run holds, and how many others with URLs it may look at within that time
create function host_counts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select jsonb_build_object(
    'held', (select count(*) from host h where h.lease_run = r.no),
    'due', (select count(*) from run_host rh join host h on h.host = rh.host
      where rh.run = r.no and rh.urls > 0 and h.lease_run is distinct from r.no and h.next_fetch_ms <= soon
        and exists (select 1 from url u where u.run = r.no and u.host = rh.host and u.not_before_ms <= soon)))
  from run r, lateral (select now_ms() + (p->>'withinMs')::bigint as soon) s where name = p->>'run'
$$;
