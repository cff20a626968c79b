-- The limits alone, for apps that keep and compare codes of their own.

-- Decides and records a request: what send does, without a code. Returns what sends_answer says, with RECORDED
register_event('guard_request', {}, function(keys, args)
  local said, s, look = sends_begin(keys, args, EVENT_REQUEST)
  if said then return said end
  if s.p.own_sends or s.p.own_cooldown then purpose_take(s) end
  emit(s, EVENT_REQUEST, RECORDED, s.failures, 0)
  save(s)
  return sends_answer(s, RECORDED, look, 0, sends_wait(look), 0, '')
end)

-- Records that the app's own check failed. Returns what check_answer says: WRONG_CODE, WRONG_CODE_LOCKS or a refusal
register_event('guard_failure', {}, function(keys, args)
  local s = subject_open(keys, args)
  claims_close(s)
  local refusal, ends = stopped(s, s.network)
  if not refusal then return check_answer(s, attempt_fail(s, 'guard', EVENT_FAILURE)) end
  emit(s, EVENT_FAILURE, refusal, s.failures, ends)
  mend(s)
  return check_answer(s, refusal, nil, ends)
end)

-- Records that it succeeded: clears the failures that guard_failure recorded for this purpose, and no others.
-- Returns what check_answer says: APPROVED or a refusal
register_event('guard_success', {}, function(keys, args)
  local s = subject_open(keys, args)
  local refusal, ends = stopped(s, nil)
  if not refusal and s.guard > 0 then
    failures_take(s, 0, s.guard, 0)
    s.mended = true
  end
  emit(s, EVENT_SUCCESS, refusal or APPROVED, s.failures, ends or 0)
  mend(s)
  return check_answer(s, refusal or APPROVED, nil, ends)
end)
