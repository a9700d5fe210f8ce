-- KEYS  root
-- ARGV  run
-- ->    hosts that have URLs, then what is named below, in this order ('' = there is none)
local no = run_number(take())
local sums = fields(run_key(no), 'urls', 'pages', 'pages_leased', 'buffered', 'batches_open', 'batches_leased', 'kept', 'unplanned_kept',
  'unplanned_rows', 'plans_open', 'next_shard', 'elapsed', 'seedings', 'standing', 'ended', 'sources_open',
  'page_rows')
local answer = { call('ZCOUNT', hosts_key(no), 1, '+inf') }
for i = 1, 17 do answer[i + 1] = sums[i] or '' end
return answer
