-- The state of a client's network where it lies with another server than the subject: looked at, and charged at once where
-- it is not refused. The subject's function decides over all of it together, by what this one saw.
-- keys   1 state of the network
-- args   1 limits  2 what is charged: 'send', 'failure', or 'none'
-- Returns packed: u8 1 if it was charged, u48 now, then the state as it was before
register('network', {}, function(keys, args)
  local p = policy_read(args[1])
  local n = network_get(keys[1], 1, clock_ms(), p)
  local charged, room, before = false, network_blocked(n, p) == 0, n.changed and network_bytes(n) or n.state
  if args[2] == 'send' and room and p.ip_sends > 0 and log_room(n.sends, p.ip_sends, p.ip_window, n.now) > 0 then
    network_spend(n, p)
    charged = true
  elseif args[2] == 'failure' and room and p.ip_failures > 0 then
    network_fail(n, p)
    charged = true
  end
  network_save(n)
  return struct.pack('>BI6', charged and 1 or 0, n.now) .. before
end)
