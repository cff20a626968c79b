-- What is asked of a client's network alone.
-- keys   1 state of the network   args   1 limits

-- Charges it where it lies with another server than the subject, unless it is refused. The subject's function decides over
-- all of it together, by what this one saw.
-- args   2 what is charged: 'send', 'failure', or 'none'
-- Returns packed: u8 1 if it was charged, u48 now, then the state as it was before
register('network', {}, function(keys, args)
  local n = network_open(keys, args)
  local p, room, before = n.p, network_blocked(n) == 0, n.ends > 0 and network_bytes(n) or ''
  local sends = args[2] == 'send' and room and p.ip_sends > 0 and log_room(n.sends, p.ip_sends, p.ip_window, n.now) > 0
  local fails = args[2] == 'failure' and room and p.ip_failures > 0
  if sends then network_spend(n) elseif fails then network_fail(n) end
  network_save(n)
  return pack('>BI6', (sends or fails) and 1 or 0, n.now) .. before
end)

-- Gives back what was charged ('send' or 'failure', args 2), since the subject's function refused or let in.
-- Returns {1}, or {0} where there was nothing to give back
register('network_back', {}, function(keys, args)
  local n, log = network_open(keys, args), args[2] == 'send' and 'sends' or 'failures'
  if n.ends == 0 then return {0} end
  n[log], n.changed = log_back(n[log]), true
  network_save(n)
  return {1}
end)

-- Counts a failure: of an id that is not ours, so that no subject is known. args   2 context of the event
-- Returns what check_answer says: NOT_FOUND, or IP_BLOCKED, and no attempts left
register_event('ip_failure', {}, function(keys, args)
  local n = network_open(keys, args)
  local blocked = network_blocked(n)
  local outcome, ends = blocked > 0 and IP_BLOCKED or NOT_FOUND, blocked > 0 and n.now + blocked or 0
  event_of(EVENT_CHECK, outcome, n.now, 0, ends, args[2])
  if blocked == 0 then network_fail(n) end
  network_save(n)
  return check_answer({now = n.now, p = n.p, network = n, failures = 0, lock = NO_LOCK, disabled = true}, outcome, nil, ends)
end)

-- An operator ends its block: its failures are forgotten, and the strangers who failed from there; with args 3 '1' what it has sent too,
-- which stays counted else.
-- keys   2 those strangers  3 what is flagged. args   2 context of the event
-- Returns {1 if there was something to end, else 0}
register_event('unblock', {'allow-oom'}, function(keys, args)
  local n = network_open(keys, args)
  local failures, blocked = log_used(n.failures, n.p.ip_memory, n.now), network_blocked(n)
  local sends, flag = args[3] == '1' and log_used(n.sends, n.p.ip_window, n.now) or 0, 'n' .. sub(keys[1], -16)
  local flagged = type(try('ZRANK', keys[3], flag)) == 'number'
  local found = failures + sends + call('EXISTS', keys[2]) > 0 or flagged
  event_of(EVENT_ADMIN_UNLOCK, found and RECORDED or NOT_FOUND, n.now, min(failures, MANY),
    blocked > 0 and n.now + blocked or 0, args[2])
  if n.failures ~= '' then n.failures, n.changed = '', true end
  if sends > 0 then n.sends, n.changed = '', true end
  network_save(n)
  call('DEL', keys[2])
  if flagged then call('ZREM', keys[3], flag) end
  return {found and 1 or 0}
end)
