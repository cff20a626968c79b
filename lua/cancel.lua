-- Cancels a verification by its id. Gives no quota back; what already ended stays what it was.
-- args   5 target
-- Returns {state}
register('cancel', {'allow-oom'}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), args[2])
  local code, state = target_find(s, args[5])
  if state == PENDING then
    state = CANCELED
    code_end(s, s.purpose, code, CANCELED)
    emit(s, EVENT_CANCEL, CANCELED, s.failures, 0, args[4])
    save(s, nil)
  else
    if code then code_expired(s) end
    mend(s, nil)
  end
  return {state}
end)
