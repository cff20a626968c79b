-- Deletes events that were written out, if the lease is still held.
-- KEYS   1 lease  2 events
-- ARGV   1 who  then either 2 'up to' 3 the first id that stays: all before it go, which costs next to nothing;
--        or 2... the ids that go, where some between them stay
-- Returns how many were deleted, -1 where the lease is another's
if #ARGV < 2 or #KEYS ~= 2 then error({err = 'OTPARITY acknowledge'}) end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if ARGV[2] == 'up to' then return redis.call('XTRIM', KEYS[2], 'MINID', '=', ARGV[3]) end
return redis.call('XDEL', KEYS[2], unpack(ARGV, 2))
