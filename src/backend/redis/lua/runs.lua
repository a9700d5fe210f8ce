-- runs({}) -> [{run, standing, note, ended, createdMs, optionsVersion, limits, model}]   in the order in which they were opened
-- @reads
-- @include limits
local numbers = call('HVALS', all_runs)
for _, no in ipairs(call('HVALS', forgetting)) do numbers[#numbers + 1] = no end
table.sort(numbers, function(a, b) return tonumber(a) < tonumber(b) end)
local runs = {}
for i, no in ipairs(numbers) do
  local run = fields(run_key(no), 'name', 'standing', 'note', 'ended', 'created', 'model', 'options_version')
  runs[i] = object('run', text(run[1]), 'standing', text(run[2]), 'note', text(run[3]), 'ended', text(run[4]), 'createdMs', run[5],
    'optionsVersion', run[7] or 0, 'limits', limits_of(no), 'model', run[6])
end
return list(runs)
