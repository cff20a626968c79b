-- An operator locks a subject: as any lock it burns every pending code. A lock that runs longer is left as it is. The
-- level does not grow, since nobody guessed; failures that count go on counting when the lock has ended.
-- args   5 ms that it lasts
-- Returns {locked until, level, 1 if it is this lock that runs, 0 where a longer one does}
register_event('lock', {}, function(keys, args)
  local s, begun = subject_open(keys, args), 0
  each_claim(s, function(claim)
    -- A right code that is still being compared lifts the lock that it began, but not an operator's.
    if not locks(claim.reached) then return false end
    claim.reached, begun = claim.reached - REACHED_LOCK, REACHED_LOCK
    return true
  end)
  attempt_seal(s, begun + REACHED_STOP)
  local ends, before = s.now + tonumber(args[5]), s.lock
  local longest = ends > before.ends
  if longest then s.lock = {level = before.level, reason = LOCK_BY_HAND, since = s.now, ends = ends, failures = s.failures} end
  s.relocked, s.listed = longest, true
  index_open(s)
  emit(s, EVENT_ADMIN_LOCK, RECORDED, s.lock.failures, s.lock.ends)
  save(s)
  return {s.lock.ends, s.lock.level, longest and 1 or 0}
end)
