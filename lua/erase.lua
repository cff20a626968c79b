-- Destroys what opens a person's fields in the trail, and the name. What counts against the subject stays.
-- keys   1 person  2 epoch  3 events  4 name
-- args   1 context of the event  2 ms that it is remembered, so that events from before keep no fields
-- Returns {1}
register('erase', {'allow-oom'}, function(keys, args)
  local now, epoch = clock_ms(), tonumber(redis.call('GET', keys[2]) or 1)
  local ends = now + tonumber(args[2])
  event_add(keys[3], EVENT_ADMIN_ERASE, RECORDED, epoch, now, 0, 0, 0, args[1])
  redis.call('SET', keys[1], struct.pack('>BBI2', 1, 2, math.ceil(ends / 86400000)) .. string.rep('\0', 16)
    .. struct.pack('>I6', now), 'PXAT', string.format('%.0f', ends))
  redis.call('DEL', keys[4])
  return {1}
end)
