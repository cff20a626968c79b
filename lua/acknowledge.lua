-- Deletes events that were written out, if the lease is still held, and counts them. What was deleted by this very call is
-- counted, so that whatever is sent or written again is counted once.
-- keys   1 lease  2 events  3 journal of the counters  4... streams of lines
-- args   1 who  2 what is added to the journal (lua/lib/tally.lua)  3 up to where they went, and where to
--        4... for each stream: u48 when it ends, u16 how many entries stay, the entry: lines
--        then either 'up to' and the first id that stays: all before it go, which costs next to nothing;
--        or the ids that go, where some between them stay
-- Returns how many were deleted, -1 where the lease is another's
register('acknowledge', {'allow-oom'}, function(keys, args)
  local JOURNAL_FULL = 4096
  -- In a cluster one more key follows, which never exists (src/store/key.rs).
  if string.sub(keys[#keys], -2) == ':-' then keys[#keys] = nil end
  if redis.call('GET', keys[1]) ~= args[1] then return -1 end
  local commands = {}
  for i = 4, #keys do
    local ends, kept = struct.unpack('>I6I2', args[i])
    commands[#commands + 1] = {'XADD', keys[i], 'MAXLEN', '~', kept, '*', 'e', string.sub(args[i], 9)}
    commands[#commands + 1] = {'PEXPIREAT', keys[i], string.format('%.0f', ends)}
  end
  local full, counted = redis.call('STRLEN', keys[3]) + #args[2] > JOURNAL_FULL, nil
  if full then counted = tally_commands(string.sub(keys[3], 1, 10), (redis.call('GET', keys[3]) or '') .. args[2]) end

  local gone
  if args[#keys + 1] == 'up to' then
    gone = redis.call('XTRIM', keys[2], 'MINID', '=', args[#keys + 2])
  else
    gone = redis.call('XDEL', keys[2], unpack(args, #keys + 1))
  end
  if gone == 0 then return 0 end
  redis.call('SET', string.sub(keys[1], 1, 10) .. 'exported', args[3])
  tally_write(commands)
  if full then
    tally_write(counted)
    redis.call('DEL', keys[3])
  else
    redis.call('APPEND', keys[3], args[2])
    redis.call('PEXPIRE', keys[3], TALLY_KEPT_MS)
  end
  return gone
end)
