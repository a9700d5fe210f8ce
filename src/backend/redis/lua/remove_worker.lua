-- remove_worker({worker})
local worker = argument().worker
call('ZREM', beats, worker)
call('HDEL', workers, worker)
