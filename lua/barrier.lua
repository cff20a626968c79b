-- One small write, so that replicas can be waited for: WAIT is about what its own connection wrote.
-- KEYS   1 a key of the barrier's own
-- ARGV   1 ms it stays
-- Returns 1
if #ARGV ~= 1 or #KEYS ~= 1 then error({err = 'OTPARITY barrier'}) end
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
return 1
