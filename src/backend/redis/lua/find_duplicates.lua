-- find_duplicates({run, images: [{sha256, number: of its content, phash}], near: bool, distance}) -> [{index, of, near}]   what is kept already
-- @reads
-- @include claims
local p = argument()
local no = run_number(p.run)
local set, answer = open_table(no, 'image'), {}
for i, image in ipairs(p.images) do
  local same = is_known(set, image.number)
  local of = same and image.sha256 or p.near and near_image(no, image.phash, p.distance)
  if of then answer[#answer + 1] = object('index', i - 1, 'of', text(of), 'near', truth(not same)) end
end
return list(answer)
