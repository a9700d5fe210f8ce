-- KEYS  root
-- ARGV  run
-- ->    names of the parts that a commit took up and no committed plan has used yet; every other part can go
return call('HVALS', batch_key(run_number(take()), 'parts'))
