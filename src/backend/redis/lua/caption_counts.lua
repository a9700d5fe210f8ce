-- ARGV  run, then the hashes of captions as a list
-- ->    candidates of the run that carry each of them
-- @reads
-- @include captions
local no = run_number(take())
local captions, answer = open_table(no, 'caption'), {}
for i, hash in ipairs(take_list()) do answer[i] = tonumber(call('HGET', caption_bucket(captions, hash), hash) or 0) end
return answer
