-- Gives back what was charged to a client's network, since the subject's function refused or let in.
-- keys   1 state of the network
-- args   1 limits  2 what was charged: 'send' or 'failure'
-- Returns {1}, or {0} where there was nothing to give back
register('network_back', {}, function(keys, args)
  local n = network_get(keys[1], 1, clock_ms(), policy_read(args[1]))
  if n.state == '' then return {0} end
  local log = args[2] == 'send' and 'sends' or 'failures'
  n[log], n.changed = log_back(n[log]), true
  network_save(n)
  return {1}
end)
