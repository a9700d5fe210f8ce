-- drop_robots_claim({origin})   the claimer did not fetch it after all
call('ZREM', robots_claims, argument().origin)
