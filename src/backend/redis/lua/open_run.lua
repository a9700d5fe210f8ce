-- KEYS  root
-- ARGV  run, options (JSON), max pages, max pairs, max pages per host ('' = no limit)
-- ->    created (0, 1), options, the three limits ('' = none), elapsed ms, seeded ('1', '0')
-- The first call stores the run; later ones return what is stored. The name of a run that is being forgotten is not free yet.
local name, options = take(), take()

-- Above every number that is in use, whoever gave it: another version may have given it by another rule, or somebody deleted a run by hand.
local function new_number()
  local last = tonumber(call('GET', last_run) or 0)
  for _, names in ipairs({ all_runs, forgetting }) do
    for _, used in ipairs(call('HVALS', names)) do last = math.max(last, tonumber(used)) end
  end
  repeat last = last + 1 until call('EXISTS', run_key(last)) == 0
  call('SET', last_run, last)
  return tostring(last)
end

local no = call('HGET', all_runs, name)
local created = 0
if not no then
  created = 1
  if call('HEXISTS', forgetting, name) == 1 then return redis.error_reply('ERR the run ' .. name .. ' is being forgotten') end
  no = new_number()
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
