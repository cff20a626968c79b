-- Destroys what opens a person's fields in the trail, and the name. What counts against the subject stays.
-- KEYS   1 person  2 epoch  3 events  4 name
-- ARGV   1 context of the event  2 ms that it is remembered, so that events from before keep no fields
-- Returns {1}
if #ARGV ~= 2 or #KEYS ~= 4 then error({err = 'OTPARITY erase'}) end
local now, epoch = clock_ms(), tonumber(redis.call('GET', KEYS[2]) or 1)
local ends = now + tonumber(ARGV[2])
emit(EVENT_ADMIN_ERASE, RECORDED, epoch, now, 0, 0, 0, ARGV[1])
redis.call('SET', KEYS[1], struct.pack('>BBI2', 1, 2, math.ceil(ends / 86400000)) .. string.rep('\0', 16)
  .. struct.pack('>I6', now), 'PXAT', string.format('%.0f', ends))
redis.call('DEL', KEYS[4])
return {1}
