-- ARGV  run, batch, token, lease ms
-- ->    'batch', starts, failures, record ... | 'rejects', chunk ... | 'busy', ms | 'split', one half, other half
--     | 'gone' (committed, or the run has all the pairs it may have, or is to start nothing)
-- The start is counted before the work. After two that came to nothing the batch is split; what becomes of a single candidate that is
-- reached so is the worker's to say. A call that is sent twice is answered twice.
-- @begins
-- @include batches
local no, batch, token, lease_ms = run_number(take()), take(), take(), take_number()
local b = hash_of(batch_key(no, batch))
if not is_open(b.state) then return { 'gone' } end
local starts, failures = tonumber(b.starts or 0), tonumber(b.failures or 0)
local function given(before)
  if not b.rejects then return { 'batch', before, failures, unpack(members_of(no, batch)) } end
  -- Chunks may be more than fit onto Lua's stack.
  local answer = call('LRANGE', members_key(no, batch), 0, -1)
  table.insert(answer, 1, 'rejects')
  return answer
end
if b.token == token then return given(starts - 1) end
local busy = busy_ms(token, no, 'batch', batch)
if busy then return { 'busy', busy } end
if b.token then let_go(no, 'batch', batch) end
if is_closed_to_batches(no) then return { 'gone' } end

if starts + failures >= 2 and not b.rejects and call('LLEN', members_key(no, batch)) > 1 then
  local last = call('HINCRBY', run_key(no), 'last_batch', 2)
  local halves, ids = { string.format('%.0f', last - 1), string.format('%.0f', last) }, { {}, {} }
  for i, id in ipairs(call('LRANGE', members_key(no, batch), 0, -1)) do table.insert(ids[i % 2 + 1], id) end
  for i, half in ipairs(halves) do
    call_with('RPUSH', members_key(no, half), ids[i])
    open_batch(no, half, 'open')
  end
  call('DEL', batch_key(no, batch), members_key(no, batch))
  call('ZREM', batch_key(no, 'free'), batch)
  add(no, 'batches_open', -1)
  return { 'split', halves[1], halves[2] }
end
hold(token, no, 'batch', batch, lease_ms)
call('HSET', batch_key(no, batch), 'starts', starts + 1)
call('ZREM', batch_key(no, 'free'), batch)
add(no, 'batches_leased', 1)
return given(starts)
