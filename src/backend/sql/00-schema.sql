-- The tables of pairmill's backend. Plain SQL: nothing here needs more than a stock PostgreSQL 14.
-- Times are milliseconds since the epoch by the server's clock. Every change of state goes through one of the functions in the
-- files beside this one; each is one transaction.

create schema if not exists pairmill;
set search_path to pairmill;

-- Which text of these files the database has.
create table if not exists version (digest text primary key);

-- Functions are made anew by every version; tables are only added to.
do $$
declare f regprocedure;
begin
  for f in select oid::regprocedure from pg_proc where pronamespace = 'pairmill'::regnamespace loop
    execute format('drop function %s cascade', f);
  end loop;
end $$;

create function now_ms() returns bigint language sql volatile
  as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;

-- One row a run. The numbers beside the options are sums over the tables below, kept in step by the functions, so that
-- asking whether a run is done never counts a million rows.
create table if not exists run (
  no              int generated always as identity primary key,
  name            text not null unique,
  options         jsonb not null,
  limits          jsonb not null,
  created_ms      bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint,
  elapsed_ms      bigint not null default 0,
  seeded          boolean not null default false,
  urls            bigint not null default 0, -- rows in url: waiting or leased
  pages           bigint not null default 0,
  pages_leased    bigint not null default 0, -- URLs out on a lease: page budget that may yet be used
  buffered        bigint not null default 0, -- candidates in no batch
  batches_open    bigint not null default 0,
  batches_leased  bigint not null default 0,
  kept            bigint not null default 0,
  unplanned_kept  bigint not null default 0,
  unplanned_rows  bigint not null default 0,
  plans_open      bigint not null default 0,
  next_batch      bigint not null default 1,
  next_plan       int not null default 0,
  next_shard      int not null default 0
);
alter table run add column if not exists standing text not null default 'running'; -- running, paused, stopped, failed
alter table run add column if not exists note text;                                -- why it failed
alter table run add column if not exists ended text;                               -- null = there is work to do
alter table run add column if not exists options_version int not null default 0;    -- greater with all other options
alter table run add column if not exists model jsonb;                              -- {id, isClip, threshold}; null = nothing was scored yet
alter table run add column if not exists seedings int not null default 0;
alter table run add column if not exists sources_open int not null default 0; -- rows in source that are not read to their end

-- The name that it had, where it is being forgotten: its name is one then that no run can have. null = it is a run.
alter table run add column if not exists forgetting text unique;

-- Candidates that wait to be judged: above the mark the crawl waits, and goes on at half of it. A mark below 0: it waits whatever waits.
alter table run add column if not exists batched bigint not null default 0;        -- candidates in open batches
alter table run add column if not exists backlog_mark bigint not null default 20000;
alter table run add column if not exists waits boolean not null default false;
alter table run add column if not exists went_on_ms bigint not null default 0;     -- when it was last set going, or had waited

-- Candidates that are rejected already and wait for their row alone: in reject_chunk, and those of them that are in no batch.
alter table run add column if not exists rejects bigint not null default 0;
alter table run add column if not exists rejects_buffered bigint not null default 0;

alter table run add column if not exists page_rows bigint not null default 0;      -- in page_chunk
alter table run add column if not exists page_file int not null default 0;         -- the file of the page ledger that is filling
alter table run add column if not exists page_file_rows int not null default 0;    -- what it has

-- Work of which one process at a time is in charge, and who is alive.
create table if not exists duty (duty text primary key, token text not null, until_ms bigint not null);
create table if not exists worker (worker text primary key, body jsonb not null, said_ms bigint not null, until_ms bigint not null);

-- Politeness is the host's, not the run's: next_fetch_ms is the first moment that nobody has reserved.
create table if not exists host (
  host            text primary key,
  next_fetch_ms   bigint not null default 0,
  crawl_delay_ms  bigint not null default 0, -- robots.txt's Crawl-delay, capped, the longer one of http and https; 0 = none
  lease_run       int,
  lease_token     text,                      -- null = nobody holds the host
  lease_until_ms  bigint not null default 0,
  lease_urls      int not null default 0,
  failures        int not null default 0,    -- sessions in a row in which the host answered nothing
  failing_since_ms bigint                    -- null = it answers
);

-- The least time between two fetches that the host itself showed to need; halves with every minute since throttle_at_ms.
alter table host add column if not exists throttle_ms bigint not null default 0;
alter table host add column if not exists throttle_at_ms bigint not null default 0;

alter table host add column if not exists crowded_at_ms bigint not null default 0; -- when too many others of its groups were on lease
-- Renders of pages that showed signs of needing them, and of others; those that gave something. Halved where a hundred are known.
alter table host add column if not exists signed_renders int not null default 0;
alter table host add column if not exists signed_paid int not null default 0;
alter table host add column if not exists plain_renders int not null default 0;
alter table host add column if not exists plain_paid int not null default 0;

-- Runs that asked for the host while another had it, [{run, at}], the first one first; the run that had the last turn, and how many URLs.
alter table host add column if not exists turns jsonb not null default '[]';
alter table host add column if not exists last_turn_run int;
alter table host add column if not exists last_turn_urls int not null default 0;

-- Hosts on lease by what they share, such as a registrable domain or an address.
create table if not exists host_group (name text not null, host text not null, until_ms bigint not null, primary key (name, host));
create index if not exists host_group_host on host_group (host);

-- What sites were asked for once, of all origins: robots.txt, other files, pages that are not there.
create table if not exists robots (
  origin          text primary key,          -- key: that of robots.txt is scheme://host[:port] alone
  record          jsonb,                     -- null = never asked
  expires_ms      bigint not null default 0,
  claim_until_ms  bigint not null default 0  -- somebody asks the site until then
);
alter table robots add column if not exists crawl_delay_ms bigint not null default 0; -- what this origin asks for, capped

create table if not exists run_host (
  run int not null, host text not null,
  urls int not null default 0, pages int not null default 0,
  primary key (run, host)
);

alter table run_host add column if not exists listed_until_ms bigint not null default 0; -- the scheduler notified of it

-- Known URLs, as 64-bit hashes: at a billion URLs about one page in 40 billion is taken for another.
create table if not exists seen (run int not null, hash bigint not null, primary key (run, hash));

create table if not exists url (
  id            bigint generated always as identity,
  run           int not null,
  host          text not null,
  url           text not null,
  depth         int not null,
  anchor        text not null,
  redirects     int not null,
  attempts      int not null default 0,
  not_before_ms bigint not null default 0,
  leased        boolean not null default false,
  primary key (run, host, depth, id)
);
alter table url add column if not exists deaths int not null default 0;  -- leases that it was in and that ran out
alter table url add column if not exists refused int not null default 0; -- commits of it alone that could not be taken
create unique index if not exists url_id on url (id);
create index if not exists url_leased on url (run, host) where leased;

-- Lists and archives that candidates come from beside pages: how far each was read. The cursor is the reader's own word, '' = its beginning.
create table if not exists source (
  run int not null, name text not null, cursor text not null default '', ended boolean not null default false,
  primary key (run, name)
);

create table if not exists candidate_seen (run int not null, key uuid not null, primary key (run, key));

create table if not exists candidate (
  id            bigint generated always as identity primary key,
  run           int not null,
  batch         bigint,                      -- null = buffered
  image_host    text not null,
  body          jsonb not null,
  attempts      int not null default 0,
  not_before_ms bigint not null default 0,
  since_ms      bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint
);
create index if not exists candidate_batch on candidate (run, batch, id);
create index if not exists candidate_deferred on candidate (run, not_before_ms) where not_before_ms > 0 and batch is null;
update run set batched = (select count(*) from candidate c where c.run = run.no and c.batch is not null);

-- Rejected candidates, a chunk for each commit (see reject-chunk.ts).
create table if not exists reject_chunk (
  id bigint generated always as identity primary key,
  run int not null,
  batch bigint,                              -- null = buffered
  at_ms bigint not null, body text not null
);
create index if not exists reject_chunk_batch on reject_chunk (run, batch, id);

-- How many candidates of the run carry a caption: boilerplate shows by its number.
create table if not exists caption (run int not null, hash bigint not null, images int not null, primary key (run, hash));

create table if not exists batch (
  run            int not null,
  id             bigint not null,
  state          text not null,              -- open, done (committed, waits for a plan), planned
  starts         int not null default 0,     -- leases that did not end in a commit or a release
  lease_token    text,
  lease_until_ms bigint not null default 0,
  part           jsonb,                      -- {name, size, sha256, rows, kept: [row], losers: [{row, reason, duplicateOf}]}
  kept           int not null default 0,
  rows           int not null default 0,     -- of its part; of an open one: rejects that it is made of, 0 = it is made of candidates
  plan           int,
  primary key (run, id)
);
alter table batch add column if not exists failures int not null default 0; -- releases as failed
alter table batch add column if not exists committed_ms bigint not null default 0;
create index if not exists batch_state on batch (run, state, id);

-- Images that are kept, by content and by the four 16-bit bands of their perceptual hash: two hashes within a distance
-- of 3 agree in at least one band.
create table if not exists claim (
  run int not null, sha256 text not null, phash bigint, batch bigint not null, -- phash: null where only equal files are duplicates
  primary key (run, sha256)
);
create index if not exists claim_band_0 on claim (run, ((phash & 65535)::int)) where phash is not null;
create index if not exists claim_band_1 on claim (run, ((phash >> 16 & 65535)::int)) where phash is not null;
create index if not exists claim_band_2 on claim (run, ((phash >> 32 & 65535)::int)) where phash is not null;
create index if not exists claim_band_3 on claim (run, ((phash >> 48 & 65535)::int)) where phash is not null;
-- Where the bands lay in rows of their own.
drop table if exists claim_band;

create table if not exists plan (
  run            int not null,
  id             int not null,
  state          text not null,              -- open, done
  lease_token    text,
  lease_until_ms bigint not null default 0,
  body           jsonb not null,             -- the plan but for its parts: {plan, firstShard, shards, shardSize, createdAtMs}
  primary key (run, id)
);

create table if not exists counter (run int not null, name text not null, value bigint not null, primary key (run, name));

-- Rows of the page ledger on their way into the store: which of them make a file is settled when they come. A chunk is
-- what one commit decided, or some URLs of a host that was dropped (see page-chunk.ts).
create table if not exists page_chunk (
  run int not null, file int not null, id bigint generated always as identity,
  at_ms bigint not null, body text not null,
  primary key (run, file, id)
);
-- Those that are full.
create table if not exists page_file (
  run            int not null,
  id             int not null,
  rows           int not null,
  closed_ms      bigint not null,
  lease_token    text,
  lease_until_ms bigint not null default 0,
  primary key (run, id)
);
