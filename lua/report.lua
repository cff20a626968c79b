-- Notes once that the user did not ask for this code, whatever became of it, and cancels it if it is still pending.
-- args   5 target
-- Returns {state, 1 if it was noted now}
register('report', {'allow-oom'}, function(keys, args)
  local s, target = subject_open(keys, policy_read(args[1]), args[2]), args[5]
  local code, state, marks = target_find(s, target)
  if state == NOT_FOUND or marks >= MARK_REPORTED then return {state, 0} end
  if not code then
    history_later(s, string.sub(target, 15), state + 16 * (marks + MARK_REPORTED), struct.unpack('>I6', target, 9))
  else
    code.marks = marks + MARK_REPORTED
    if state == PENDING then
      state = CANCELED
      code_end(s, s.purpose, code, CANCELED)
    else
      set(s, 'code:' .. s.purpose, code_bytes(code))
    end
  end
  emit(s, EVENT_REPORT, REPORTED, s.failures, 0, args[4])
  if code then save(s, nil) else history_save(s) end
  return {state, 1}
end)
