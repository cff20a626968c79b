-- Notes once whether a code reached its user.
-- args   5 target  6 1 = delivered, 2 = failed
-- Returns {state, 1 if it was noted now}
register('delivery', {}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), args[2])
  local code, state = target_find(s, args[5])
  -- One that gave its place to a later code has none to note it in.
  if not code or code.marks % 4 > 0 then return {state, 0} end
  code.marks = code.marks + tonumber(args[6])
  set(s, 'code:' .. s.purpose, code_bytes(code))
  emit(s, EVENT_DELIVERY, args[6] == '1' and DELIVERED or FAILED, s.failures, 0, args[4])
  save(s, nil)
  return {state, 1}
end)
