-- adopt_model({run, model}) -> the model that the first caller named
local p = argument()
local key = run_key(run_number(p.run))
call('HSETNX', key, 'model', p.model)
return call('HGET', key, 'model')
