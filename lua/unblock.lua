-- An operator ends the block of a client's network: its failures are forgotten. What it has sent stays counted.
-- keys   1 state of the network  2 epoch  3 events
-- args   1 limits  2 context of the event
-- Returns {1 if there was something to end, else 0}
register('unblock', {'allow-oom'}, function(keys, args)
  local p = policy_read(args[1])
  local n, epoch = network_get(keys[1], 1, clock_ms(), p), redis.call('GET', keys[2]) or 1
  local failures, blocked = log_used(n.failures, p.ip_memory, n.now), network_blocked(n, p)
  event_add(keys[3], EVENT_ADMIN_UNLOCK, failures > 0 and RECORDED or NOT_FOUND, epoch, n.now, math.min(failures, 65535), 0,
    blocked > 0 and n.now + blocked or 0, args[2])
  if n.failures ~= '' then n.failures, n.changed = '', true end
  network_save(n)
  return {failures > 0 and 1 or 0}
end)
