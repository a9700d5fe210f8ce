-- KEYS  root
-- ARGV  run, options (JSON), max pages, max pairs, max pages per host ('' = no limit)
-- ->    created (0, 1), options, the three limits ('' = none), elapsed ms, seeded ('1', '0')
-- The first call stores the run; later ones return what is stored.
local name, options = take(), take()
local no = call('HGET', all_runs, name)
local created = 0
if not no then
  created = 1
  no = tostring(call('HLEN', all_runs) + 1)
  call('HSET', all_runs, name, no)
  call('SET', options_key(no), options)
  call('HSET', run_key(no), 'name', name, 'created', now, 'standing', 'running')
  for _, limit in ipairs({ 'max_pages', 'max_pairs', 'max_host_pages' }) do
    local value = take()
    if value ~= '' then call('HSET', run_key(no), limit, value) end
  end
end
local run = fields(run_key(no), 'max_pages', 'max_pairs', 'max_host_pages', 'elapsed', 'seeded')
return { created, call('GET', options_key(no)), run[1] or '', run[2] or '', run[3] or '', run[4] or '0', run[5] or '0' }
