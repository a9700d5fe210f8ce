-- extend_batch({run, batch, token, leaseMs}) -> {kind: held} | {kind: lost}
local p = argument()
local no, until_ = run_number(p.run), now + p.leaseMs
if call('HGET', batch_key(no, p.batch), 'token') ~= p.token then return '{"kind":"lost"}' end
call('HSET', batch_key(no, p.batch), 'until', until_)
call('ZADD', batch_key(no, 'held'), until_, p.batch)
return '{"kind":"held"}'
