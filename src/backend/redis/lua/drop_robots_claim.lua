-- KEYS  root
-- ARGV  origin
-- The claimer did not fetch it after all.
call('ZREM', robots_claims, take())
