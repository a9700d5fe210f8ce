-- release_lease({run, kind: batch | plan | page_file, id, token, failed: bool})
-- The work was given up: of a batch that is no start, and a failure where the batch is to blame.
-- @include leases
local p = argument()
local no = run_number(p.run)
if not is_held_by(p.token, no, p.kind, p.id) then return end
let_go(no, p.kind, p.id)
if p.kind ~= 'batch' then return end
call('HINCRBY', batch_key(no, p.id), 'starts', -1)
if p.failed then call('HINCRBY', batch_key(no, p.id), 'failures', 1) end
