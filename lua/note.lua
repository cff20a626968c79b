-- Notes what a sidecar or an operator did, or calls that a sidecar answered from memory: one event.
-- keys   1 mark of this recording, so that it can be asked for again
-- args   1 kind (1) outcome (1) failures (2) level (1) ms the refusal held (6)  2 context of the event, with the count if any
-- Returns {1}, or {0} where it was recorded before
register_event('note', {}, function(keys, args)
  local kind, outcome, failures, level, wait = parse('>BBI2BI6', args[1])
  local now = clock_ms()
  if call('GET', keys[1]) then return {0} end
  event_add(kind, outcome, epoch_get(), now, failures, level, wait > 0 and now + wait or 0, args[2])
  call('SET', keys[1], '', 'PX', '60000')
  return {1}
end)

-- Records that an operator looked at something.
-- keys   1 record of whom it is about, not read. args   1 kind  2 context of the event. Returns {1}
register_event('look', {'allow-oom'}, function(keys, args)
  event_of(tonumber(args[1]), RECORDED, clock_ms(), 0, 0, args[2])
  return {1}
end)
