-- Whether a bucket still lies where it was last found, or with a server that may have lost some of what was written to it.
-- Then its epoch is raised, which makes every code void that was issued before.
-- KEYS   1 where it was found  2 epoch  3 events
-- ARGV   1 where it is now: the replication id of the server
--        2 the replication id that this server went on from when it became a primary, '' where it went on from none
--        3 where it is held to have been found, '' if that is not known yet  4 then: 'keep' the epoch, or 'raise' it
--        5 context of the event
-- Returns {HOME_SAME}; {HOME_NEW} where it never was found before; {HOME_RAISED, epoch}; {HOME_KEPT};
--         {HOME_ASKED, where it was found} where it is not known what to do
local HOME_SAME, HOME_NEW, HOME_RAISED, HOME_KEPT, HOME_ASKED = 0, 1, 2, 3, 4
if #ARGV ~= 5 or #KEYS ~= 3 then error({err = 'OTPARITY home'}) end
local now, found = clock_ms(), redis.call('MGET', KEYS[1], KEYS[2])
local home, epoch = found[1], tonumber(found[2] or 1)
if home == ARGV[1] then return {HOME_SAME} end
if not home then
  redis.call('SET', KEYS[1], ARGV[1])
  return {HOME_NEW}
end
local raise = ARGV[2] ~= '' and home == ARGV[2]
if not raise and ARGV[3] ~= home then return {HOME_ASKED, home} end
if not raise and ARGV[4] == 'keep' then
  redis.call('SET', KEYS[1], ARGV[1])
  return {HOME_KEPT}
end
epoch = epoch + 1
emit(EVENT_FAILOVER, RECORDED, epoch, now, 0, 0, 0, ARGV[5])
redis.call('SET', KEYS[2], string.format('%.0f', epoch))
redis.call('SET', KEYS[1], ARGV[1])
return {HOME_RAISED, epoch}
