-- Records a failure of a check that the app made itself.
-- keys   those of a subject, then by flags
-- args   1 limits  2 purpose  3 flags  4 context of the event
-- Returns what check_answer says: WRONG_CODE, WRONG_CODE_LOCKS or a refusal
register('guard_failure', {}, function(keys, args)
  local p, context = policy_read(args[1]), args[4]
  local s = subject_open(keys, p, args[2])
  local n = network_of(keys, args, s.clock, p)
  claims_close(s)
  local refusal, ends = stopped(s, n)
  if refusal then
    emit(s, EVENT_FAILURE, refusal, s.failures, ends, context)
    subject_mend(s)
    network_save(n)
    return check_answer(s, refusal, nil, n, ends)
  end

  local locks = attempt_charge(s, 'guard')
  local failures = s.failures
  if locks then
    lock_begin(s)
    lock_seal(s)
  end
  attempt_events(s, EVENT_FAILURE, attempt_verdict(locks, false), failures, locks, false, context)
  subject_save(s)
  history_save(s)
  index_save(s, locks, false)
  network_fail(n, p)
  network_save(n)
  return check_answer(s, attempt_verdict(locks, false), nil, n, 0)
end)
