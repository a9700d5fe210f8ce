-- release_batch({run, batch, token, failed: bool})   the work was given up; that is no start, and a failure where the batch is to blame
-- @include batches
local p = argument()
local no = run_number(p.run)
local key = batch_key(no, p.batch)
if call('HGET', key, 'token') ~= p.token then return end
free_batch(no, p.batch)
call('HINCRBY', key, 'starts', -1)
if p.failed then call('HINCRBY', key, 'failures', 1) end
