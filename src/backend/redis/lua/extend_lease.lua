-- extend_lease({run, kind: batch | plan | page_file, id, token, leaseMs}) -> {kind: held} | {kind: lost}
-- @include leases
local p = argument()
local no = run_number(p.run)
if not is_held_by(p.token, no, p.kind, p.id) then return '{"kind":"lost"}' end
hold(p.token, no, p.kind, p.id, p.leaseMs)
return '{"kind":"held"}'
