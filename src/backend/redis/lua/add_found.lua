-- ARGV  run, host, token, offers (see offer_urls), candidates (see add_candidates)
-- ->    1, hosts that had no URL until now ... | nothing where the lease is lost
-- A part of what a session found, ahead of its commit, so that no script takes long. Both enter a run once, so nothing is lost or doubled
-- where the commit does not follow.
-- @include frontier batches
local no, host, token = run_number(take()), take(), take()
local h = fields(host_key(host), 't', 'r')
if h[1] ~= token or h[2] ~= no then return false end
local woken = offer_urls(no)
add_candidates(no)
return { 1, unpack(woken) }
