-- reset_leases({})
-- For a process that knows that it is alone with this state: whoever held a lease is dead. The one script that walks all leases.
-- @include frontier leases
for _, no in ipairs(call('HVALS', all_runs)) do
  for _, host in ipairs(call('ZRANGE', held_key(no), 0, -1)) do give_back_host(host, hash_of(host_key(host)), true) end
  for kind, keys_of in pairs(leased) do
    local _, ends = keys_of(no, '')
    for _, id in ipairs(call('ZRANGE', ends, 0, -1)) do let_go(no, kind, id) end
  end
  call('HSET', run_key(no), 'pages_leased', 0, 'batches_leased', 0)
end
call('DEL', site_record_claims, duties, workers, beats)
