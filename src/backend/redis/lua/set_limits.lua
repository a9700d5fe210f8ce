-- KEYS  root
-- ARGV  run, max pages, max pairs, max pages per host ('' = no limit)
local key = run_key(run_number(take()))
for _, limit in ipairs({ 'max_pages', 'max_pairs', 'max_host_pages' }) do
  local value = take()
  if value == '' then call('HDEL', key, limit) else call('HSET', key, limit, value) end
end
