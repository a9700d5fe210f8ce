-- reset_leases({})
-- For a process that knows that it is alone with this state: whoever held a lease is dead. The one script that walks all leases.
-- @include frontier batches
for _, no in ipairs(call('HVALS', all_runs)) do
  for _, host in ipairs(call('ZRANGE', held_key(no), 0, -1)) do give_back_host(host, hash_of(host_key(host)), true) end
  for _, batch in ipairs(call('ZRANGE', batch_key(no, 'held'), 0, -1)) do free_batch(no, batch) end
  for _, plan in ipairs(call('ZRANGE', plan_key(no, 'open'), 0, -1)) do
    call('HDEL', plan_key(no, plan), 'token')
    call('ZADD', plan_key(no, 'open'), 0, plan)
  end
  for _, file in ipairs(call('ZRANGE', full_files_key(no), 0, -1)) do
    call('HDEL', page_file_key(no, file), 'token')
    call('ZADD', full_files_key(no), 0, file)
  end
  call('HSET', run_key(no), 'pages_leased', 0, 'batches_leased', 0)
end
call('DEL', site_record_claims, duties, workers, beats)
