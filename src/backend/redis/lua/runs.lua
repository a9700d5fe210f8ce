-- KEYS  root
-- ARGV  none
-- ->    for each run: number, name, standing, note, ended ('' = null), created ms, options (JSON), the three limits ('' = none), model (JSON, '' = nothing was scored yet)
local answer = {}
for _, names in ipairs({ all_runs, forgetting }) do
  for _, no in ipairs(call('HVALS', names)) do
    local run = fields(run_key(no), 'name', 'standing', 'note', 'ended', 'created', 'max_pages', 'max_pairs', 'max_host_pages', 'model')
    answer[#answer + 1] = no
    for i = 1, 5 do answer[#answer + 1] = run[i] or '' end
    answer[#answer + 1] = call('GET', options_key(no))
    for i = 6, 9 do answer[#answer + 1] = run[i] or '' end
  end
end
return answer
