-- set_options({run, options})
-- @begins
local p = argument()
call('SET', options_key(run_number(p.run)), p.options)
