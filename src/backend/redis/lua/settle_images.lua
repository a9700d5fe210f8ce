-- ARGV  run, most images, mark: as many are kept before the run moves from bands to chunks
-- ->    1 = there is more to do, 0
-- Puts so many images of those that were claimed last into bands or chunks; where none is left, does a slice of the run's move.
-- @include claims
local no, most, mark = run_number(take()), take_number(), take_number()
local images = open_images(no)
local waiting = recent_of(images, images.settled)
if #waiting > 0 then
  local settled = math.min(most, #waiting)
  for i = 1, settled do
    if images.bands then add_to_bands(no, waiting[i].image, waiting[i].hash) end
    if images.chunks then add_to_chunks(images.chunks, waiting[i].image, waiting[i].hash) end
  end
  call('HSET', run_key(no), 'settled', waiting[settled].image)
  call('LTRIM', recent_key(no), -math.max(recent_images, #waiting - settled), -1)
elseif images.moves then
  move_images(images, most)
elseif images.last >= mark then
  call('HSET', run_key(no), 'bands_last', images.last, 'bands_at', 0, 'bands_done', 0)
end
if images.chunks then close_table(images.chunks) end
images = open_images(no)
local moving = images.last >= mark
if images.moves then moving = images.at < 2 * band_values end
return (images.settled < images.last or moving) and 1 or 0
