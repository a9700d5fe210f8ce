-- set_limits({run, limits: {maxPages, maxPairs, maxPagesPerHost} (null = none)})
-- @include limits
local p = argument()
set_limits(run_number(p.run), p.limits)
