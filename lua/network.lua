-- What is asked of a client's network alone.
-- keys   1 state of the network
-- args   1 limits

-- Charges it where it lies with another server than the subject, unless it is refused. The subject's function decides over
-- all of it together, by what this one saw.
-- args   2 what is charged: 'send', 'failure', or 'none'
-- Returns packed: u8 1 if it was charged, u48 now, then the state as it was before
register('network', {}, function(keys, args)
  local p = policies[args[1]]
  local n = network_get(keys[1], clock_ms(), p)
  local room, before = network_blocked(n) == 0, n.ends > 0 and network_bytes(n) or ''
  local sends = args[2] == 'send' and room and p.ip_sends > 0 and log_room(n.sends, p.ip_sends, p.ip_window, n.now) > 0
  local fails = args[2] == 'failure' and room and p.ip_failures > 0
  if sends then network_spend(n) elseif fails then network_fail(n) end
  network_save(n)
  return pack('>BI6', (sends or fails) and 1 or 0, n.now) .. before
end)

-- Gives back what was charged ('send' or 'failure', args 2), since the subject's function refused or let in.
-- Returns {1}, or {0} where there was nothing to give back
register('network_back', {}, function(keys, args)
  local n = network_get(keys[1], clock_ms(), policies[args[1]])
  if n.ends == 0 then return {0} end
  local log = args[2] == 'send' and 'sends' or 'failures'
  n[log], n.changed = log_back(n[log]), true
  network_save(n)
  return {1}
end)

-- Counts a failure: of an id that is not ours, so that no subject is known. args   2 context of the event
-- Returns {outcome, now, wait, ip left, ip reset}: NOT_FOUND, or IP_BLOCKED
register_event('ip_failure', {}, function(keys, args)
  local n = network_get(keys[1], clock_ms(), policies[args[1]])
  local wait = network_blocked(n)
  local outcome = wait > 0 and IP_BLOCKED or NOT_FOUND
  event_of(EVENT_CHECK, outcome, n.now, 0, wait > 0 and n.now + wait or 0, args[2])
  if wait == 0 then network_fail(n) end
  network_save(n)
  local _, left, reset = network_blocked(n)
  return {outcome, n.now, wait, left, reset}
end)

-- An operator ends its block: its failures are forgotten, and the strangers who failed from there; with args 3 '1' what it has sent too,
-- which stays counted else.
-- keys   2 those strangers  3 what is flagged. args   2 context of the event
-- Returns {1 if there was something to end, else 0}
register_event('unblock', {'allow-oom'}, function(keys, args)
  local n = network_get(keys[1], clock_ms(), policies[args[1]])
  local failures, blocked = log_used(n.failures, n.p.ip_memory, n.now), network_blocked(n)
  event_of(EVENT_ADMIN_UNLOCK, failures > 0 and RECORDED or NOT_FOUND, n.now, min(failures, MANY),
    blocked > 0 and n.now + blocked or 0, args[2])
  local sends = args[3] == '1' and log_used(n.sends, n.p.ip_window, n.now) or 0
  if n.failures ~= '' then n.failures, n.changed = '', true end
  if sends > 0 then n.sends, n.changed = '', true end
  network_save(n)
  local strangers, flags = call('DEL', keys[2]), try('ZREM', keys[3], 'n' .. sub(keys[1], -16))
  return {failures + sends + strangers + (tonumber(flags) or 0) > 0 and 1 or 0}
end)
