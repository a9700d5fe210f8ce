-- KEYS  root
-- ARGV  none
-- ->    for each worker that is believed to live: its name, ms since it said so, body (JSON)
local answer = {}
for _, worker in ipairs(call('ZRANGEBYSCORE', beats, '(' .. now, '+inf')) do
  local said, body = string.match(call('HGET', workers, worker), '^(%d+) (.*)$')
  answer[#answer + 1] = worker
  answer[#answer + 1] = now - tonumber(said)
  answer[#answer + 1] = body
end
return answer
