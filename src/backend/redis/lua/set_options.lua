-- set_options({run, options})   other options have a greater version
-- @begins
local p = argument()
local no = run_number(p.run)
if call('GET', options_key(no)) == p.options then return end
call('SET', options_key(no), p.options)
add(no, 'options_version', 1)
