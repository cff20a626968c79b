-- Deletes events that were written out, if the lease is still held, and carries out what counts and shows them, if this very call
-- deleted any: whatever is sent or written again is counted once.
-- keys   1 lease  2 events
-- args   1 who  2 how many of these say which: 'up to' and the first id that stays, which costs next to nothing; or each id, where some
--        between them stay; then commands, each behind the number of its words
-- Returns how many were deleted, -1 where the lease is another's
register('acknowledge', {'allow-oom'}, function(keys, args)
  if call('GET', keys[1]) ~= args[1] then return -1 end
  local at = 2 + tonumber(args[2])
  local gone = args[3] == 'up to' and call('XTRIM', keys[2], 'MINID', '=', args[4]) or call('XDEL', keys[2], unpack(args, 3, at))
  while gone > 0 and at < #args do
    local first, last = at + 2, at + 1 + tonumber(args[at + 1])
    -- A counter of a wrong type counts nothing, and keeps none of the others from counting.
    try(unpack(args, first, last))
    at = last
  end
  return gone
end)
