-- What a plan takes of a batch, as it is kept: the rows '1,2', the losers 'row reason winner;...', the winner '' where there is none.
local function loser_text(losers)
  local all = {}
  for i, loser in ipairs(losers) do all[i] = loser.row .. ' ' .. loser.reason .. ' ' .. (loser.duplicateOf or '') end
  return table.concat(all, ';')
end
local function losers_of(kept)
  local losers = {}
  for row, reason, winner in string.gmatch(kept, '(%d+) (%S+) ([^;]*)') do
    losers[#losers + 1] = object('row', row, 'reason', text(reason), 'duplicateOf', winner ~= '' and text(winner))
  end
  return list(losers)
end
local function part_of(no, batch)
  local b = fields(batch_key(no, batch), 'part', 'size', 'sha256', 'rows', 'kept_rows', 'losers')
  return object('batch', text(batch), 'name', text(b[1]), 'size', b[2], 'sha256', text(b[3]), 'rows', b[4], 'kept', list({ b[5] }), 'losers', losers_of(b[6]))
end
