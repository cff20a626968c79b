-- An operator locks a subject: as any lock it burns every pending code. A lock that runs longer is left as it is. The
-- level does not grow, since nobody guessed; failures that count go on counting when the lock has ended.
-- args   5 ms that it lasts
-- Returns {locked until, level, 1 if it is this lock that runs, 0 where a longer one does}
register('lock', {}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), '')
  local ends, begun = s.now + tonumber(args[5]), false
  each(s, 'claim', function(_, value, field)
    -- A right code that is still being compared lifts the lock that it began, but not an operator's.
    local claim = claim_read(value)
    if claim.locks then
      claim.locks, begun = false, true
      set(s, field, claim_bytes(claim))
    end
  end)
  if begun then lock_seal(s) else burn(s) end
  local longest = ends > s.locked_until
  if longest then
    s.reason, s.locked_at, s.locked_until, s.lock_failures = LOCK_BY_HAND, s.now, ends, s.failures
    s.relocked = true
  end
  s.locks = true
  emit(s, EVENT_ADMIN_LOCK, RECORDED, s.lock_failures, s.locked_until, args[4])
  save(s, nil)
  return {s.locked_until, s.level, longest and 1 or 0}
end)
