local limit_fields = { maxPages = 'max_pages', maxPairs = 'max_pairs', maxPagesPerHost = 'max_host_pages' }
local function set_limits(no, limits)
  for name, field in pairs(limit_fields) do
    if limits[name] then call('HSET', run_key(no), field, limits[name]) else call('HDEL', run_key(no), field) end
  end
end
local function limits_of(no)
  local run = fields(run_key(no), 'max_pages', 'max_pairs', 'max_host_pages')
  return object('maxPages', run[1], 'maxPairs', run[2], 'maxPagesPerHost', run[3])
end
