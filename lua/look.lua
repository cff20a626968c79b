-- Records that an operator looked at something.
-- KEYS   1 record of whom it is about, which is not read  2 epoch  3 events
-- ARGV   1 kind  2 context of the event
-- Returns {1}
if #ARGV ~= 2 or #KEYS ~= 3 then error({err = 'OTPARITY look'}) end
emit(tonumber(ARGV[1]), RECORDED, tonumber(redis.call('GET', KEYS[2]) or 1), clock_ms(), 0, 0, 0, ARGV[2])
return {1}
