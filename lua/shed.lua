-- Gives up the oldest events of a bucket that nobody could write out, and says so in one event with their number.
-- keys   1 and 2 epoch  3 events
-- args   1 how many may stay  2 context of the event
-- Returns {how many were given up}
register('shed', {'allow-oom'}, function(keys, args)
  local keep = tonumber(args[1])
  local over = redis.call('XLEN', keys[3]) - keep
  if over <= 0 then return {0} end
  local now, epoch = clock_ms(), tonumber(redis.call('GET', keys[2]) or 1)
  event_add(keys[3], EVENT_AUDIT_SHED, RECORDED, epoch, now, 0, 0, 0, args[2] .. struct.pack('>BI2I4', 8, 4, over))
  redis.call('XTRIM', keys[3], 'MAXLEN', '=', string.format('%.0f', keep + 1))
  return {over}
end)
