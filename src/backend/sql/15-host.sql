set search_path to pairmill;

-- throttle_of(host row, now) -> ms between two fetches that the host showed to need, as far as it is still believed
create function throttle_of(h host, t bigint) returns bigint language sql immutable as $$
  select case when h.throttle_ms >> least(greatest(t - h.throttle_at_ms, 0) / 60000, 40)::int < 50 then 0
    else h.throttle_ms >> least(greatest(t - h.throttle_at_ms, 0) / 60000, 40)::int end
$$;

-- throttle_host(host, wish ms, now)   raises the throttle to the wish unless the decayed value is already higher; restarts its decay
create function throttle_host(name text, wish bigint, t bigint) returns void language sql set search_path = pairmill as $$
  update host h set throttle_ms = wish, throttle_at_ms = t where h.host = name and wish > 0 and wish >= throttle_of(h, t)
$$;

-- rendered_of(host row) -> {signed: {renders, paid}, plain: {renders, paid}}
create function rendered_of(h host) returns jsonb language sql immutable set search_path = pairmill as $$
  select jsonb_build_object('signed', jsonb_build_object('renders', h.signed_renders, 'paid', h.signed_paid),
    'plain', jsonb_build_object('renders', h.plain_renders, 'paid', h.plain_paid))
$$;

-- add_rendered(host, {signed: {renders, paid}, plain: {renders, paid}})
create function add_rendered(name text, p jsonb) returns void language sql set search_path = pairmill as $$
  update host h set
    signed_renders = s.renders / case when s.renders > 100 then 2 else 1 end, signed_paid = s.paid / case when s.renders > 100 then 2 else 1 end,
    plain_renders = q.renders / case when q.renders > 100 then 2 else 1 end, plain_paid = q.paid / case when q.renders > 100 then 2 else 1 end
  from host o,
    lateral (select o.signed_renders + (p#>>'{signed,renders}')::int as renders, o.signed_paid + (p#>>'{signed,paid}')::int as paid) s,
    lateral (select o.plain_renders + (p#>>'{plain,renders}')::int as renders, o.plain_paid + (p#>>'{plain,paid}')::int as paid) q
  where h.host = name and o.host = name and (p#>>'{signed,renders}')::int + (p#>>'{plain,renders}')::int > 0
$$;

-- other_turns(host row, run number, now) -> the turns of the others, as far as they asked again lately
create function other_turns(h host, r int, t bigint) returns jsonb language sql immutable set search_path = pairmill as $$
  select coalesce(jsonb_agg(x order by ord), '[]') from jsonb_array_elements(h.turns) with ordinality e(x, ord)
  where (x->>'run')::int <> r and (x->>'at')::bigint > t - 5000
$$;

-- ask_turn(host row, run number, now)   the run asks for its turn: behind those that asked before it
create function ask_turn(h host, r int, t bigint) returns void language sql set search_path = pairmill as $$
  update host set turns = (
    select coalesce(jsonb_agg(case when (x->>'run')::int = r then jsonb_build_object('run', r, 'at', t) else x end order by ord), '[]')
    from jsonb_array_elements(h.turns || case when h.turns @> jsonb_build_array(jsonb_build_object('run', r)) then '[]'
      else jsonb_build_array(jsonb_build_object('run', r, 'at', t)) end) with ordinality e(x, ord)
    where (x->>'run')::int = r or (x->>'at')::bigint > t - 5000
  ) where host = h.host
$$;

-- has_turn(host row, run number, now) -> whether nobody asked for the host before this run
create function has_turn(h host, r int, t bigint) returns boolean language sql immutable set search_path = pairmill as $$
  select coalesce((select (x->>'run')::int = r from jsonb_array_elements(h.turns) with ordinality e(x, ord)
    where (x->>'at')::bigint > t - 5000 order by ord limit 1), true)
$$;

-- hosts({run, limit}) -> [{host, urls, pages, nextFetchInMs, failures, delayMs, leased, crowded, rendered: {renders, paid}, robots}]   the busiest first
create function hosts(p jsonb) returns jsonb language sql set search_path = pairmill as $$
  select coalesce(jsonb_agg(to_jsonb(t)), '[]') from (
    select rh.host, rh.urls, rh.pages, greatest(h.next_fetch_ms - now_ms(), 0) as "nextFetchInMs", h.failures,
      greatest(h.crawl_delay_ms, throttle_of(h, now_ms())) as "delayMs",
      h.lease_token is not null and h.lease_until_ms > now_ms() as leased, h.crowded_at_ms > now_ms() - 10000 as crowded,
      jsonb_build_object('renders', h.signed_renders + h.plain_renders, 'paid', h.signed_paid + h.plain_paid) as rendered,
      (select b.record->>'detail' from robots b where b.origin in ('http://' || rh.host, 'https://' || rh.host) and b.record is not null limit 1) as robots
    from run_host rh join run r on r.no = rh.run join host h on h.host = rh.host
    where r.name = p->>'run' order by rh.urls desc, rh.pages desc, rh.host limit (p->>'limit')::int) t
$$;

-- report_hosts({reports: [{host, throttleMs, pauseMs, health}]}) -> {}
-- Reports of image fetches on hosts: as a session's commit says it, but of hosts that nobody need hold.
create function report_hosts(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare x record; t bigint := now_ms();
begin
  for x in select * from jsonb_to_recordset(p->'reports') as s(host text, "throttleMs" bigint, "pauseMs" bigint, health text) order by host loop
    insert into host (host) values (x.host) on conflict do nothing;
    perform throttle_host(x.host, x."throttleMs", t);
    update host set
      next_fetch_ms = case when x."pauseMs" > 0 then greatest(next_fetch_ms, t + x."pauseMs") else next_fetch_ms end,
      failures = case x.health when 'ok' then 0 when 'bad' then failures + 1 else failures end,
      failing_since_ms = case x.health when 'ok' then null when 'bad' then coalesce(failing_since_ms, t) else failing_since_ms end
      where host = x.host;
  end loop;
  return '{}';
end $$;

-- reserve({slots: [{host, want, groups: [name]}], perGroup, delayMs, windowMs, guardMs}) -> [{host, granted, inMs, delayMs, failures, crowded?}]
-- Reserves up to `want` fetches on each host, delayMs (or the host's crawl-delay) apart, the first in inMs; only as many as start
-- within windowMs. guardMs more are kept free behind them, for a fetch that starts a little late. A host is a member of its groups from its
-- first slot to a second behind its last; where perGroup others are already, nothing is granted, and one of them leaves in inMs.
create function reserve(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare x record; h host; t bigint := now_ms(); gap bigint; first bigint; n bigint; answer jsonb := '[]'; names text[]; leaves bigint;
begin
  for x in select * from jsonb_to_recordset(p->'slots') as s(host text, want int, groups jsonb) order by host loop
    insert into host (host) values (x.host) on conflict do nothing;
    select * into strict h from host where host = x.host for update;
    gap := greatest((p->>'delayMs')::bigint, h.crawl_delay_ms, throttle_of(h, t));
    first := greatest(h.next_fetch_ms, t);
    if first - t > (p->>'windowMs')::bigint then n := 0;
    elsif gap = 0 then n := x.want;
    else n := least(x.want, ((p->>'windowMs')::bigint - (first - t)) / gap + 1);
    end if;
    leaves := null;
    if n > 0 and jsonb_array_length(x.groups) > 0 then
      select array_agg('images/' || g) into names from jsonb_array_elements_text(x.groups) g;
      delete from host_group where until_ms <= t and name = any(names);
      select max(m.until_ms) into leaves from (
        select min(until_ms) as until_ms from host_group where name = any(names) group by name
        having count(*) >= (p->>'perGroup')::int and count(*) filter (where host = 'images/' || x.host) = 0) m;
      if leaves is null then
        insert into host_group as o (name, host, until_ms) select distinct unnest(names), 'images/' || x.host, first + (n - 1) * gap + 1000
        on conflict (name, host) do update set until_ms = greatest(o.until_ms, excluded.until_ms);
      else
        n := 0;
      end if;
    end if;
    if n > 0 then update host set next_fetch_ms = first + n * gap + least(gap, (p->>'guardMs')::bigint) where host = x.host; end if;
    answer := answer || (jsonb_build_object('host', x.host, 'granted', n, 'inMs', coalesce(leaves, first) - t, 'delayMs', gap, 'failures', h.failures)
      || case when leaves is null then '{}' else '{"crowded": true}'::jsonb end);
  end loop;
  return answer;
end $$;

-- claim_site_record({key, claimMs}) -> {kind: known, record} | {kind: fetch} | {kind: busy, inMs}
-- `fetch` makes the caller the one that asks the site; put_site_record() ends that.
create function claim_site_record(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
declare b robots; t bigint := now_ms();
begin
  insert into robots (origin) values (p->>'key') on conflict do nothing;
  select * into strict b from robots where origin = p->>'key' for update;
  if b.record is not null and b.expires_ms > t then return jsonb_build_object('kind', 'known', 'record', b.record); end if;
  if b.claim_until_ms > t then return jsonb_build_object('kind', 'busy', 'inMs', b.claim_until_ms - t); end if;
  update robots set claim_until_ms = t + (p->>'claimMs')::bigint where origin = p->>'key';
  return '{"kind": "fetch"}';
end $$;

-- put_site_record({key, host, record, detail, ttlMs, crawlDelayMs}) -> {}
-- The host's delay is the longer one of those that its http and its https origin ask for.
create function put_site_record(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  insert into host (host) values (p->>'host') on conflict do nothing;
  -- Held, so that two origins that come at once do not miss each other's delay.
  perform 1 from host where host = p->>'host' for update;
  update robots set record = p->'record', expires_ms = now_ms() + (p->>'ttlMs')::bigint, claim_until_ms = 0,
    crawl_delay_ms = (p->>'crawlDelayMs')::bigint where origin = p->>'key';
  update host set crawl_delay_ms = greatest((p->>'crawlDelayMs')::bigint,
    (select max(crawl_delay_ms) from robots where origin in ('http://' || host.host, 'https://' || host.host)))
    where host = p->>'host';
  return '{}';
end $$;

-- release_site_record({key}) -> {}   the claimer did not ask the site after all
create function release_site_record(p jsonb) returns jsonb language plpgsql set search_path = pairmill as $$
begin
  update robots set claim_until_ms = 0 where origin = p->>'key';
  return '{}';
end $$;
