-- Records a failure of a check that the app made itself.
-- Returns what check_answer says: WRONG_CODE, WRONG_CODE_LOCKS or a refusal
register('guard_failure', {}, function(keys, args)
  local p, context = policy_read(args[1]), args[4]
  local s = subject_open(keys, p, args[2])
  local n = network_of(keys, args, s.clock, p)
  claims_close(s)
  local refusal, ends = stopped(s, n)
  if refusal then
    emit(s, EVENT_FAILURE, refusal, s.failures, ends, context)
    mend(s, n)
    return check_answer(s, refusal, nil, n, ends)
  end

  local locks = attempt_charge(s, 'guard')
  local failures = s.failures
  if locks then
    lock_begin(s)
    lock_seal(s)
  end
  attempt_events(s, EVENT_FAILURE, attempt_verdict(locks, false), failures, locks, false, context)
  network_fail(n, p)
  save(s, n)
  return check_answer(s, attempt_verdict(locks, false), nil, n, 0)
end)
