local function source_of(no, name)
  local ended, cursor = string.match(call('HGET', sources_key(no), name), '^(%d) (.*)$')
  return object('source', text(name), 'cursor', text(cursor), 'ended', truth(ended == '1'))
end
