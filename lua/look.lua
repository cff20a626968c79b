-- Records that an operator looked at something.
-- keys   1 record of whom it is about, which is not read  2 epoch  3 events
-- args   1 kind  2 context of the event
-- Returns {1}
register('look', {'allow-oom'}, function(keys, args)
  event_add(keys[3], tonumber(args[1]), RECORDED, tonumber(redis.call('GET', keys[2]) or 1), clock_ms(), 0, 0, 0, args[2])
  return {1}
end)
