-- Puts what is held of a person in place of what was read.
-- KEYS   1 person
-- ARGV   1 what was read  2 what is to be  3 when it goes, ms
-- Returns 1, or 0 where something else stands there by now
if #ARGV ~= 3 or #KEYS ~= 1 then error({err = 'OTPARITY person'}) end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3])
return 1
