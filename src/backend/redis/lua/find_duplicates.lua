-- KEYS  root
-- ARGV  run, near (0, 1), most distance, n, then for each image: number of its content, perceptual hash
-- ->    for each image that is kept already: its place from 0, its winner's content hash; '' = it has the same content
-- @include claims
local no, near, distance = run_number(take()), take() == '1', take_number()
local set, answer = open_table(no, 'image'), {}
for place = 0, take_number() - 1 do
  local number, phash = take(), take()
  local winner
  if is_known(set, number) then
    winner = ''
  elseif near then
    winner = near_image(no, phash, distance)
  end
  if winner then
    answer[#answer + 1] = place
    answer[#answer + 1] = winner
  end
end
return answer
