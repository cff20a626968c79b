-- Takes or renews the lease of a bucket. Its events are then read by a plain XRANGE: through a script each of them would be
-- built twice.
-- KEYS   1 lease
-- ARGV   1 who  2 ms the lease lasts
-- Returns 1, or 0 where another sidecar has the lease
if #ARGV ~= 2 or #KEYS ~= 1 then error({err = 'OTPARITY export'}) end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
