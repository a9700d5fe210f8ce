-- kept: '<1 where it was read to its end, else 0> <cursor>'
local function source_of(name, kept)
  local ended = truth(string.sub(kept, 1, 1) == '1')
  return '{"source":' .. text(name) .. ',"cursor":' .. text(string.sub(kept, 3)) .. ',"ended":' .. ended .. '}'
end
