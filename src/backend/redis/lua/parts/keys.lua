-- The data model. Every key is built here and begins with the root, whose hash tag puts all of them into one slot of a cluster.
-- Times are milliseconds since the epoch by the server's clock. <no> is the number of a run.
--
--   runs                 hash    name of a run -> number
--   forgetting           hash    the same, of those of which only a part may be left: no run any more, and nobody writes their keys
--   last_run             string  the greatest number that any run had: none is given twice. Absent = none was given by who knows of it
--   duties               hash    duty -> 'until token'
--   workers, beats       hash    worker -> 'said body'; zset of workers by the time until which they are believed
--   claims               zset    keys for which somebody asks the site, by the time until which that is believed
--   o:<key>              hash    what a site was asked for, robots.txt under its origin: record (JSON), detail, expires; delay (its crawl-delay);
--                                goes an hour after it expired
--   h:<host>             hash    n next_fetch: the first moment that nobody has reserved; c crawl_delay; f failures in a row;
--                                s failing_since; v throttle, w since when; lease: t token, r run, e until, k URLs named by no commit yet, g groups; x last commit;
--                                y when too many others of its groups were on lease; b renders (add_rendered);
--                                q runs that wait for their turn (turns_of); m the run that had the last turn, and how many URLs;
--                                for each run: p<no> pages; d<no> depths at which URLs wait, '' = none does; absent = it has no URL;
--                                z<no> what is held against URLs, 'id:deaths:refused ...' (doubts_of)
--   n:<group>            zset    hosts on lease that share something, by the end of the lease
--   a:<group>            zset    and those that images are fetched of, by a second behind their last slot
--   l:<host>             hash    URLs on lease: id -> record 'id depth attempts body'
--   r<no>                hash    the run: its settings, and sums over what is below, so that nothing is counted by walking
--   r<no>:options        string  JSON
--   r<no>:counters       hash
--   q<no>:<depth>:<host> list    records of waiting URLs, by id
--   w<no>:<host>         zset    records of URLs to be tried again, by the time before which they are not
--   u<no>                zset    hosts by their number of URLs, waiting or leased
--   d<no>                zset    hosts with URLs that the run does not hold, by a time before which they need not be looked at.
--                                It may be too early, never too late: who finds it too early puts it right
--   e<no>                zset    hosts that the run holds, by the end of the lease
--   k<no>:<bucket>       set     known URLs         63-bit numbers (parts/known.lua)
--   m<no>:<bucket>       set     known candidates
--   i<no>:<bucket>       set     contents of kept images
--   t<no>:<bucket>       hash    captions: 7 bytes of hash -> candidates that carry it
--   s<no>                hash    sources: name -> '<1 where it was read to its end, else 0> <cursor>'
--   f<no>                hash    candidates, buffered or in an open batch: id -> 'attempts host body'
--   y<no>                zset    buffered ones that are ready, 'id since host' by id
--   z<no>                zset    buffered ones that were deferred, 'id since host' by the time before which they are not ready
--   b<no>:<batch>        hash    a batch; c<no>:<batch> list: ids of its candidates while it is open, or chunks of rejects (reject-chunk.ts)
--   c<no>:rejects        list    chunks of rejects that are in no batch
--   b<no>:free, :held, :done  zset  open batches that nobody holds, by id, or by 0 where they are of rejects; held ones, by the end of the lease; unplanned ones, by id
--   b<no>:parts          hash    batch -> name of its part, until its plan is carried out
--   g<no>:recent         list    perceptual hash and number of the images that were claimed last (parts/claims.lua)
--   g<no>:<band><value>  string  kept images by a 16-bit band of their perceptual hash: 10 bytes each (parts/bands.lua)
--   g<no>:p<bucket>      hash    or, where there are many, by every two of its five chunks (parts/chunks.lua)
--   j<no>:<block>        hash    contents of kept images by number, and perceptual hashes (parts/nearness.lua)
--   p<no>:<plan>         hash    an open plan; it, a batch and a file that is full have the lease too: token, until (parts/leases.lua)
--   p<no>:open           zset    open plans, by the end of the lease, 0 = free; p<no>:done set: those that were carried out
--   v<no>:<file>         list    rows of the page ledger that go into one file: '<when> <chunk>', a chunk (page-chunk.ts) for each commit
--   v<no>:<file>:file    hash    a file that is full: rows, closed (when it was)
--   v<no>:full           zset    full files, by the end of the lease, 0 = free
--   v<no>:dropped        list    '<n> <when> <reason> <host> <on whose word>': URLs that were dropped and are in no chunk yet, as they waited:
--   x<no>:<n>            list, zset   a q or w that was
local root = KEYS[1]
local all_runs, duties, workers, beats, site_record_claims = root .. 'runs', root .. 'duties', root .. 'workers', root .. 'beats', root .. 'claims'
local forgetting, last_run = root .. 'forgetting', root .. 'last_run'
local function site_record_key(key) return root .. 'o:' .. key end
local function host_key(host) return root .. 'h:' .. host end
local function group_key(group) return root .. 'n:' .. group end
local function images_group_key(group) return root .. 'a:' .. group end
local function lease_key(host) return root .. 'l:' .. host end
local function run_key(no) return root .. 'r' .. no end
local function options_key(no) return root .. 'r' .. no .. ':options' end
local function counters_key(no) return root .. 'r' .. no .. ':counters' end
local function queue_key(no, depth, host) return root .. 'q' .. no .. ':' .. depth .. ':' .. host end
local function retry_key(no, host) return root .. 'w' .. no .. ':' .. host end
local function hosts_key(no) return root .. 'u' .. no end
local function due_key(no) return root .. 'd' .. no end
local function held_key(no) return root .. 'e' .. no end
local function bucket_root(letter, no) return root .. letter .. no .. ':' end
local function sources_key(no) return root .. 's' .. no end
local function bodies_key(no) return root .. 'f' .. no end
local function ready_key(no) return root .. 'y' .. no end
local function deferred_key(no) return root .. 'z' .. no end
local function batch_key(no, batch) return root .. 'b' .. no .. ':' .. batch end
local function members_key(no, batch) return root .. 'c' .. no .. ':' .. batch end
local function recent_key(no) return root .. 'g' .. no .. ':recent' end
local function band_key(no, band, value) return root .. 'g' .. no .. ':' .. band .. value end
local function image_key(no, block) return root .. 'j' .. no .. ':' .. block end
local function plan_key(no, plan) return root .. 'p' .. no .. ':' .. plan end
local function page_rows_key(no, file) return root .. 'v' .. no .. ':' .. file end
local function page_file_key(no, file) return root .. 'v' .. no .. ':' .. file .. ':file' end
local function full_files_key(no) return root .. 'v' .. no .. ':full' end
local function dropped_key(no) return root .. 'v' .. no .. ':dropped' end
local function dropped_urls_key(no, n) return root .. 'x' .. no .. ':' .. n end
