-- Gives up the oldest events of a bucket that nobody could write out, and says so in one event with their number.
-- KEYS   1 and 2 epoch  3 events
-- ARGV   1 how many may stay  2 context of the event
-- Returns {how many were given up}
if #ARGV ~= 2 or #KEYS ~= 3 then error({err = 'OTPARITY shed'}) end
local keep = tonumber(ARGV[1])
local over = redis.call('XLEN', KEYS[3]) - keep
if over <= 0 then return {0} end
local now, epoch = clock_ms(), tonumber(redis.call('GET', KEYS[2]) or 1)
emit(EVENT_AUDIT_SHED, RECORDED, epoch, now, 0, 0, 0, ARGV[2] .. struct.pack('>BI2I4', 8, 4, over))
redis.call('XTRIM', KEYS[3], 'MAXLEN', '=', string.format('%.0f', keep + 1))
return {over}
