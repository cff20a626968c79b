-- Adds what lies in a bucket's journal to its counters, for whoever is about to read them.
-- KEYS   1 journal
-- Returns how many entries went
if #ARGV ~= 0 or #KEYS ~= 1 then error({err = 'OTPARITY tally'}) end
local journal = redis.call('GET', KEYS[1])
if not journal then return 0 end
local commands = tally_commands(string.sub(KEYS[1], 1, 10), journal)
tally_write(commands)
redis.call('DEL', KEYS[1])
return #commands
