-- close_batches({run, batchSize, batchAgeMs, perHost, dry (batch whatever there is)}) -> [batch]
-- @begins
-- @include batches
local p = argument()
return texts(close_batches(run_number(p.run), p.batchSize, p.batchAgeMs, p.perHost, p.dry))
