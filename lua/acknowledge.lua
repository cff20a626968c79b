-- Deletes events that were written out, if the lease is still held, and counts those that this very call deleted: whatever is
-- sent or written again is counted once.
-- keys   1 lease  2 events  3... streams of lines
-- args   1 who  2 what is added to the counters (lua/lib/tally.lua)  3 up to where they went, and where to
--        4... for each stream: u48 when it ends, u16 how many entries stay, the entry: lines
--        then either 'up to' and the first id that stays: all before it go, which costs next to nothing;
--        or the ids that go, where some between them stay
-- Returns how many were deleted, -1 where the lease is another's
register('acknowledge', {'allow-oom'}, function(keys, args)
  drop_unused_key(keys)
  if call('GET', keys[1]) ~= args[1] then return -1 end
  local base = head_of(keys[1])
  local commands = tally_commands(base, args[2])
  for i = 3, #keys do
    local ends, kept = parse('>I6I2', args[i + 1])
    commands[#commands + 1] = {'XADD', keys[i], 'MAXLEN', '~', kept, '*', 'e', sub(args[i + 1], 9)}
    commands[#commands + 1] = {'PEXPIREAT', keys[i], digits(ends)}
  end
  commands[#commands + 1] = {'SET', base .. 'exported', args[3]}
  local up_to = args[#keys + 2] == 'up to'
  local gone = up_to and call('XTRIM', keys[2], 'MINID', '=', args[#keys + 3]) or call('XDEL', keys[2], unpack(args, #keys + 2))
  -- A counter of a wrong type counts nothing, and keeps none of the others from counting.
  for i = 1, gone > 0 and #commands or 0 do try(unpack(commands[i])) end
  return gone
end)
