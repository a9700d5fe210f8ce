-- workers({}) -> [{worker, body, agoMs}]   those that are believed to live, in the order of their names
-- @reads
local names, answer = call('ZRANGEBYSCORE', beats, '(' .. now, '+inf'), {}
table.sort(names)
for i, worker in ipairs(names) do
  local said, body = string.match(call('HGET', workers, worker), '^(%d+) (.*)$')
  answer[i] = object('worker', text(worker), 'body', body, 'agoMs', now - tonumber(said))
end
return list(answer)
