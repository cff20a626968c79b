-- Cancels a verification by its id. Gives no quota back; what already ended stays what it was.
-- keys   those of a subject
-- args   1 limits  2 purpose  3 flags: 0  4 context of the event  5 target
-- Returns {state}
register('cancel', {'allow-oom'}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), args[2])
  local code, state = target_find(s, args[5])
  if state == PENDING then
    state = CANCELED
    code_end(s, s.purpose, code, CANCELED)
    emit(s, EVENT_CANCEL, CANCELED, s.failures, 0, args[4])
    subject_save(s)
  else
    if code then code_expired(s) end
    subject_mend(s)
  end
  return {state}
end)
