-- live_parts({run}) -> [name]   parts that a commit took up and no committed plan has used yet; every other part can go
-- @reads
return texts(call('HVALS', batch_key(run_number(argument().run), 'parts')))
