-- Looks at one verification by its id; changes nothing.
-- args   5 target
-- Returns {state, now, attempts left}
register('get', {'no-writes'}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), args[2])
  local _, state = target_find(s, args[5])
  return {state, s.now, attempt_left(s)}
end)
