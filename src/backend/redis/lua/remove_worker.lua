-- KEYS  root
-- ARGV  worker
local worker = take()
call('ZREM', beats, worker)
call('HDEL', workers, worker)
