-- Takes or renews the lease of a bucket and reads the oldest of its events.
-- KEYS   1 lease  2 events
-- ARGV   1 who  2 ms the lease lasts  3 most events
-- Returns entries {id, {field, value}}, or nothing where another sidecar has the lease
if #ARGV ~= 3 or #KEYS ~= 2 then error({err = 'OTPARITY export'}) end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[3])
