-- Deletes events that were written out, if the lease is still held, and counts them. What was deleted by this very call is
-- counted, so that whatever is sent or written again is counted once.
-- KEYS   1 lease  2 events  3 journal of the counters  4... streams of lines
-- ARGV   1 who  2 what is added to the journal (lua/lib/tally.lua)
--        3... for each stream: u48 when it ends, u16 how many entries stay, the entry: lines
--        then either 'up to' and the first id that stays: all before it go, which costs next to nothing;
--        or the ids that go, where some between them stay
-- Returns how many were deleted, -1 where the lease is another's
local JOURNAL_FULL = 4096
if #KEYS < 3 or #ARGV < #KEYS then error({err = 'OTPARITY acknowledge'}) end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local commands = {}
for i = 4, #KEYS do
  local ends, kept = struct.unpack('>I6I2', ARGV[i - 1])
  commands[#commands + 1] = {'XADD', KEYS[i], 'MAXLEN', '~', kept, '*', 'e', string.sub(ARGV[i - 1], 9)}
  commands[#commands + 1] = {'PEXPIREAT', KEYS[i], string.format('%.0f', ends)}
end
local full, counted = redis.call('STRLEN', KEYS[3]) + #ARGV[2] > JOURNAL_FULL, nil
if full then counted = tally_commands(string.sub(KEYS[3], 1, 10), (redis.call('GET', KEYS[3]) or '') .. ARGV[2]) end

local gone
if ARGV[#KEYS] == 'up to' then
  gone = redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[#KEYS + 1])
else
  gone = redis.call('XDEL', KEYS[2], unpack(ARGV, #KEYS))
end
if gone == 0 then return 0 end
tally_write(commands)
if full then
  tally_write(counted)
  redis.call('DEL', KEYS[3])
else
  redis.call('APPEND', KEYS[3], ARGV[2])
  redis.call('PEXPIRE', KEYS[3], TALLY_KEPT_MS)
end
return gone
