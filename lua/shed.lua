-- Gives up the oldest events of a bucket that nobody could write out, and says so in one event with their number.
-- keys   1 events
-- args   1 how many may stay  2 context of the event
-- Returns {how many were given up}
register_event('shed', {'allow-oom'}, function(keys, args)
  local over = call('XLEN', keys[1]) - tonumber(args[1])
  if over <= 0 then return {0} end
  event_of(EVENT_AUDIT_SHED, RECORDED, clock_ms(), 0, 0, args[2] .. pack('>BI2I4', 8, 4, over))
  call('XTRIM', keys[1], 'MAXLEN', '=', digits[args[1] + 1])
  return {over}
end)
