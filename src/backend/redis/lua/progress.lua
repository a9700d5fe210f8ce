-- progress({run}) -> what is left to do
-- @reads
-- @include backlog
local no = run_number(argument().run)
local run = hash_of(run_key(no))
local function sum(name) return run[name] or 0 end
local waits = is_above_mark(no)
return object(
  'urls', sum('urls'), 'hosts', call('ZCOUNT', hosts_key(no), 1, '+inf'), 'pages', sum('pages'), 'pagesLeased', sum('pages_leased'),
  'buffered', sum('buffered') + sum('rejects_buffered'), 'batchesOpen', sum('batches_open'), 'batchesLeased', sum('batches_leased'), 'kept', sum('kept'),
  'unplannedKept', sum('unplanned_kept'), 'unplannedRows', sum('unplanned_rows'), 'plansOpen', sum('plans_open'),
  'nextShard', sum('next_shard'), 'elapsedMs', sum('elapsed'), 'standing', text(run.standing), 'ended', text(run.ended),
  'seedings', sum('seedings'), 'sourcesOpen', sum('sources_open'), 'pageRows', sum('page_rows'),
  'backlog', backlog_of(no), 'backlogMark', run.backlog_mark or first_mark, 'crawlWaits', truth(waits))
