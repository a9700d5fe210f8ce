-- find_duplicates({run, images: [{sha256, number: of its content, phash}], near: bool, distance})
--   -> {last: the image that was claimed last, found: [{index, of, near, distance}]}   what is kept already
-- @reads
-- @include claims
local p = argument()
local no = run_number(p.run)
local set, images, found = open_table(no, 'image'), open_images(no), {}
local index = index_of(recent_of(images, images.settled))
for i, image in ipairs(p.images) do
  local same = is_known(set, image.number)
  local nearest = not same and p.near and search_images(images, index, hash_of_digits(image.phash), p.distance)
  local of = same and image.sha256 or nearest and winner_of(no, nearest)
  if of then found[#found + 1] = object('index', i - 1, 'of', text(of), 'near', truth(not same), 'distance', nearest and nearest.most) end
end
return object('last', images.last, 'found', list(found))
