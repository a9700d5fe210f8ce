-- counters({run}) -> {name: n}
-- @reads
return object(unpack(call('HGETALL', counters_key(run_number(argument().run)))))
