-- Deletes events that were written out, if the lease is still held, and counts them. What was deleted by this very call is
-- counted, so that whatever is sent or written again is counted once.
-- keys   1 lease  2 events  3... streams of lines
-- args   1 who  2 what is added to the counters (lua/lib/tally.lua)  3 up to where they went, and where to
--        4... for each stream: u48 when it ends, u16 how many entries stay, the entry: lines
--        then either 'up to' and the first id that stays: all before it go, which costs next to nothing;
--        or the ids that go, where some between them stay
-- Returns how many were deleted, -1 where the lease is another's
register('acknowledge', {'allow-oom'}, function(keys, args)
  -- In a cluster one more key follows, which never exists (src/store/key.rs).
  if string.sub(keys[#keys], -2) == ':-' then keys[#keys] = nil end
  if redis.call('GET', keys[1]) ~= args[1] then return -1 end
  local base = string.sub(keys[1], 1, 10)
  local commands = tally_commands(base, args[2])
  for i = 3, #keys do
    local ends, kept = struct.unpack('>I6I2', args[i + 1])
    commands[#commands + 1] = {'XADD', keys[i], 'MAXLEN', '~', kept, '*', 'e', string.sub(args[i + 1], 9)}
    commands[#commands + 1] = {'PEXPIREAT', keys[i], string.format('%.0f', ends)}
  end
  commands[#commands + 1] = {'SET', base .. 'exported', args[3]}

  local gone
  if args[#keys + 2] == 'up to' then
    gone = redis.call('XTRIM', keys[2], 'MINID', '=', args[#keys + 3])
  else
    gone = redis.call('XDEL', keys[2], unpack(args, #keys + 2))
  end
  if gone == 0 then return 0 end
  -- A counter of a wrong type counts nothing, and keeps none of the others from counting.
  for i = 1, #commands do redis.pcall(unpack(commands[i])) end
  return gone
end)
