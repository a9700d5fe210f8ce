-- release_site_record({key})   the claimer did not ask the site after all
call('ZREM', site_record_claims, argument().key)
