-- ARGV  number of a run that is being forgotten, most hosts
-- ->    hosts that were let go, or whose records know it no more; 0 = no record does, and nobody writes under the number any more
-- @include frontier
local no, limit = take(), take_number()

-- Hosts whose holders died are let go first: another run that leases one would give its URLs back to this one.
local dead = call('ZRANGE', held_key(no), 0, limit - 1)
for _, host in ipairs(dead) do
  local h = fields(host_key(host), 'r', 'g')
  if h[1] == no then
    call('HDEL', host_key(host), 't', 'r', 'e', 'k', 'g')
    call('DEL', lease_key(host))
    leave_groups(host, h[2])
  end
end
if #dead > 0 then
  call_with('ZREM', held_key(no), dead)
  return #dead
end

-- A record that says of a host only that it may be visited now is as good as none.
local function says_nothing(h)
  for field, value in pairs(h) do
    local is_free = field == 'n' and tonumber(value) <= now
    local is_over = (field == 'v' or field == 'w') and throttle_of(h.v, h.w) == 0
    -- The last commit, and whose turn it was, say nothing where nobody wants the host.
    local is_past = field == 'x' or field == 'y' or field == 'q' or field == 'm'
    if not (is_free or is_over or is_past) then return false end
  end
  return true
end
local hosts = call('ZRANGE', hosts_key(no), 0, limit - 1)
for _, host in ipairs(hosts) do
  call('HDEL', host_key(host), 'p' .. no, 'd' .. no)
  if says_nothing(hash_of(host_key(host))) then call('DEL', host_key(host)) end
end
call_with('ZREM', hosts_key(no), hosts)
return #hosts
