-- An operator locks a subject: as any lock it burns every pending code. A lock that runs longer is left as it is. The
-- level does not grow, since nobody guessed; failures that count go on counting when the lock has ended.
-- args   5 ms that it lasts
-- Returns {locked until, level, 1 if it is this lock that runs, 0 where a longer one does}
register_event('lock', {}, function(keys, args)
  local s, begun = subject_open(keys, args), false
  local ends = s.now + tonumber(args[5])
  each_claim(s, function(claim)
    -- A right code that is still being compared lifts the lock that it began, but not an operator's.
    if not claim.locks then return false end
    claim.locks, begun = false, true
    return true
  end)
  attempt_seal(s, begun, true)
  local longest = ends > s.lock.ends
  if longest then
    s.lock = {level = s.lock.level, reason = LOCK_BY_HAND, since = s.now, ends = ends, failures = s.failures}
    s.relocked = true
  end
  s.listed = true
  index_open(s)
  emit(s, EVENT_ADMIN_LOCK, RECORDED, s.lock.failures, s.lock.ends)
  save(s)
  return {s.lock.ends, s.lock.level, longest and 1 or 0}
end)
