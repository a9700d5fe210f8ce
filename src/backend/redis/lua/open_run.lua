-- open_run({run, options, limits}) -> {created, options, limits, elapsedMs, seeded}
-- The first call stores the run; later ones return what is stored. The name of a run that is being forgotten is not free yet.
-- @begins
-- @include limits
local p = argument()

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

local no = call('HGET', all_runs, p.run)
local created = not no
if created then
  if call('HEXISTS', forgetting, p.run) == 1 then return redis.error_reply('ERR the run ' .. p.run .. ' is being forgotten') end
  no = new_number()
  call('HSET', all_runs, p.run, no)
  call('SET', options_key(no), p.options)
  call('HSET', run_key(no), 'name', p.run, 'created', now, 'standing', 'running')
  set_limits(no, p.limits)
end
local run = fields(run_key(no), 'elapsed', 'seeded')
return object('created', truth(created), 'options', call('GET', options_key(no)), 'limits', limits_of(no), 'elapsedMs', run[1] or 0, 'seeded', truth(run[2] == '1'))
