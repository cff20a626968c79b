-- The app's own check succeeded: clears the failures that guard_failure recorded for this purpose, and no others.
-- Returns what check_answer says: APPROVED or a refusal
register('guard_success', {}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), args[2])
  local refusal, ends = stopped(s, nil)
  if not refusal and s.guard > 0 then
    s.failures, s.guard, s.counted, s.mended = math.max(s.failures - s.guard, 0), 0, true, true
  end
  emit(s, EVENT_SUCCESS, refusal or APPROVED, s.failures, ends or 0, args[4])
  mend(s, nil)
  return check_answer(s, refusal or APPROVED, nil, nil, ends or 0)
end)
