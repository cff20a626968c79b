-- Deletes events that were written out, if the lease is still held, notes where they went, and adds them to what counts and shows
-- them, if this very call deleted any: whatever is sent or written again is counted once.
-- keys   1 lease  2 events
-- args   1 who  2 where they went  3 how many of these say which: 'up to' and the first id that stays, which costs next to nothing;
--        or each id, where some between them stay; then of each counter its key, when it ends, a field and by how much; and of each
--        stream its key, when it ends, about how many entries stay and what the new one says (src/store/tally.rs)
-- Returns how many were deleted, -1 where the lease is another's
register('acknowledge', {'allow-oom'}, function(keys, args)
  if call('GET', keys[1]) ~= args[1] then return -1 end
  local last = 3 + tonumber(args[3])
  local gone = args[4] == 'up to' and call('XTRIM', keys[2], 'MINID', '=', args[5]) or call('XDEL', keys[2], unpack(args, 4, last))
  if gone == 0 then return gone end
  call('SET', bucket.exported, args[2])
  for at = last + 1, #args, 4 do
    local key, ends, what, value = unpack(args, at, at + 3)
    local by = tonumber(value)
    -- A counter of a wrong type counts nothing, and keeps none of the others from counting.
    local sum = by and try('HINCRBY', key, what, value) or try('XADD', key, 'MAXLEN', '~', what, '*', 'e', value)
    -- A counter's end never moves: it is said with each new field, and so with the first.
    if not by or sum == by then try('PEXPIREAT', key, ends) end
  end
  return gone
end)
