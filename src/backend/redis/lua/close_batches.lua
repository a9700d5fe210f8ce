-- KEYS  root
-- ARGV  run, batch size, batch age ms, most of an image host, dry (1 = batch whatever there is)
-- ->    batches
-- @include batches
local no, size, age_ms, per_host = run_number(take()), take_number(), take_number(), take_number()
return close_batches(no, size, age_ms, per_host, take() == '1')
