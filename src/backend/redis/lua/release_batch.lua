-- KEYS  root
-- ARGV  run, batch, token, failed (0, 1)
-- The work was given up; that is no start, and a failure where the batch is to blame.
-- @include batches
local no, batch, token, failed = run_number(take()), take(), take(), take()
if call('HGET', batch_key(no, batch), 'token') ~= token then return end
free_batch(no, batch)
call('HINCRBY', batch_key(no, batch), 'starts', -1)
if failed == '1' then call('HINCRBY', batch_key(no, batch), 'failures', 1) end
