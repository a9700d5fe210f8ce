-- ARGV  run, most images
-- ->    1 = there are more, 0
-- Puts so many images of those that were claimed last into bands.
-- @include claims
local no, most = run_number(take()), take_number()
local images = open_images(no)
local waiting = recent_of(images, images.settled)
local settled = math.min(most, #waiting)
for i = 1, settled do add_to_bands(no, waiting[i].image, waiting[i].hash) end
if settled > 0 then call('HSET', run_key(no), 'settled', waiting[settled].image) end
call('LTRIM', recent_key(no), -math.max(recent_images, #waiting - settled), -1)
return #waiting > settled and 1 or 0
