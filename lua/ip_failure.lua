-- Counts a failure against a client's network alone: of an id that is not ours, so that no subject is known.
-- keys   1 state of the network  2 epoch  3 events
-- args   1 limits  2 context of the event
-- Returns {outcome, now, wait, ip left, ip reset}: NOT_FOUND, or IP_BLOCKED
register('ip_failure', {}, function(keys, args)
  local p = policy_read(args[1])
  local n, epoch = network_get(keys[1], 1, clock_ms(), p), redis.call('GET', keys[2]) or '1'
  local wait, left, reset = network_blocked(n, p)
  local outcome = wait > 0 and IP_BLOCKED or NOT_FOUND
  event_add(keys[3], EVENT_CHECK, outcome, epoch, n.now, 0, 0, wait > 0 and n.now + wait or 0, args[2])
  if wait == 0 then
    network_fail(n, p)
    local _
    _, left, reset = network_blocked(n, p)
  end
  network_save(n)
  return {outcome, n.now, wait, left, reset}
end)
