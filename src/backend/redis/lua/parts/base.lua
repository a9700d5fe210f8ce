local call = redis.call

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local now = now_ms()

-- A script takes one JSON text and answers one, unless it is hot or answers much: its comment says in which positions it has them then.
-- JSON's null is nil.
local function without_nulls(value)
  if value == cjson.null then return nil end
  if type(value) ~= 'table' then return value end
  for name, inner in pairs(value) do value[name] = without_nulls(inner) end
  return value
end
local function argument() return without_nulls(cjson.decode(ARGV[1])) end

-- JSON is built as text, so that a number or JSON goes into it as it is stored: cjson rounds the one and knows no empty list. nil is null.
local function object(...)
  local parts = {}
  for i = 1, select('#', ...), 2 do
    local name, value = select(i, ...)
    parts[#parts + 1] = '"' .. name .. '":' .. (value or 'null')
  end
  return '{' .. table.concat(parts, ',') .. '}'
end
local function list(values) return '[' .. table.concat(values, ',') .. ']' end
-- Most texts need no escape, and are put in a good deal faster so.
local function text(value)
  if not value then return nil end
  return string.find(value, '[%c"\\]') and cjson.encode(value) or '"' .. value .. '"'
end
local function texts(values) return #values == 0 and '[]' or cjson.encode(values) end
local function truth(is) return is and 'true' or 'false' end

-- Positions are read from the first to the last. A list is its length and then its values; '' as a number is nil.
local taken = 0
local function take()
  taken = taken + 1
  return ARGV[taken]
end
local function take_number() return tonumber(take()) end
local function take_list()
  local list = {}
  for i = 1, take_number() do list[i] = take() end
  return list
end

-- More arguments than this do not fit onto Lua's stack with room to spare.
local most_arguments = 2000
local function call_with(command, key, values)
  for i = 1, #values, most_arguments do
    call(command, key, unpack(values, i, math.min(i + most_arguments - 1, #values)))
  end
end

local function fields(key, ...) return call('HMGET', key, ...) end
local function hash_of(key)
  local flat, hash = call('HGETALL', key), {}
  for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
  return hash
end

local function run_number(name)
  local no = call('HGET', all_runs, name)
  if not no then error('there is no run ' .. name) end
  return no
end
local function add(no, field, n)
  if n ~= 0 then call('HINCRBY', run_key(no), field, n) end
end
-- A count is never made negative by a moment that the server lost.
local function subtract_leased(no, field, n)
  if n > 0 and call('HINCRBY', run_key(no), field, -n) < 0 then call('HSET', run_key(no), field, 0) end
end
local function count(no, name, n)
  if n ~= 0 then call('HINCRBY', counters_key(no), name, n) end
end
local function add_counters(no, counters)
  for name, n in pairs(counters) do count(no, name, n) end
end
local function take_counters(no)
  for _ = 1, take_number() do
    local name = take()
    count(no, name, take_number())
  end
end
