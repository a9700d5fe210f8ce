-- Work that one worker at a time holds, by kind: a batch, a plan or a file of the page ledger. Its hash has the token of its holder, and a set of
-- the run when each lease runs out. In there a plan or file that nobody holds is at 0; a batch is none of it, but listed by its turn.
local leased = {
  batch = function(no, id) return batch_key(no, id), batch_key(no, 'held') end,
  plan = function(no, id) return plan_key(no, id), plan_key(no, 'open') end,
  page_file = function(no, id) return page_file_key(no, id), full_files_key(no) end,
}

local function is_held_by(token, no, kind, id) return call('HGET', (leased[kind](no, id)), 'token') == token end
-- For how many milliseconds another holds it; nil = nobody does.
local function busy_ms(token, no, kind, id)
  local key, ends = leased[kind](no, id)
  local holder = call('HGET', key, 'token')
  local left = holder and holder ~= token and tonumber(call('ZSCORE', ends, id)) - now or 0
  return left > 0 and left or nil
end

-- Leases it for so long from now, or goes on with the lease. (Workers of an earlier version read of a batch when it ends in its hash.)
local function hold(token, no, kind, id, lease_ms)
  local key, ends = leased[kind](no, id)
  call('HSET', key, 'token', token, 'until', now + lease_ms)
  call('ZADD', ends, now + lease_ms, id)
end

-- A batch of rejects comes before all others, for it takes next to no time.
local function list_free(no, batch)
  call('ZADD', batch_key(no, 'free'), call('HGET', batch_key(no, batch), 'state') == 'rejects' and 0 or batch, batch)
end
-- Gives a lease up.
local function let_go(no, kind, id)
  local key, ends = leased[kind](no, id)
  call('HDEL', key, 'token', 'until')
  if kind ~= 'batch' then return call('ZADD', ends, 0, id) end
  call('ZREM', ends, id)
  list_free(no, id)
  subtract_leased(no, 'batches_leased', 1)
end
