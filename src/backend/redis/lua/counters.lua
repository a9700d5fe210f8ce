-- counters({run}) -> {name: n}
-- @reads
local flat, counters = call('HGETALL', counters_key(run_number(argument().run))), {}
for i = 1, #flat, 2 do counters[#counters + 1] = text(flat[i]) .. ':' .. flat[i + 1] end
return '{' .. table.concat(counters, ',') .. '}'
