-- attempt_charge(record, entry, policy, now, field) -> failures, whether they reach the limit, whether wrong codes in a
-- row reach the hard stop. Charged before anything is compared, and never given back by a crash. field: 'failures' for
-- a code, 'guard' for what the app compared itself.
local function attempt_charge(r, entry, p, now, field)
  entry[field] = math.min(entry[field] + 1, 65535)
  -- Kept for 30 days, so only where somebody counts them.
  if field == 'failures' and p.hard_stop > 0 then entry.run = math.min(entry.run + 1, 65535) end
  -- Whatever comes of the codes still in comparison, this is a later failure than any before them.
  for i = 1, #r.claims do r.claims[i].prior = now end
  r.last_failure, r.last_attempt = now, now
  local failures, run = record_failures(r)
  return failures, failures >= p.max_failures, field == 'failures' and p.hard_stop > 0 and run >= p.hard_stop
end

-- attempt_verdict(locks, disables) -> the outcome of a wrong code
local function attempt_verdict(locks, disables)
  return disables and WRONG_CODE_DISABLES or locks and WRONG_CODE_LOCKS or WRONG_CODE
end

-- attempt_events(kind, record, epoch, now, failures, locks, disables, context): the failure's event, and those of what
-- it set off
local function attempt_events(kind, r, epoch, now, failures, locks, disables, context)
  emit(kind, attempt_verdict(locks, disables), epoch, now, failures, r.level, 0, context)
  if locks then emit(EVENT_LOCKOUT, SUBJECT_LOCKED, epoch, now, failures, r.level, r.locked_until, context) end
  if disables then emit(EVENT_DISABLE, SUBJECT_DISABLED, epoch, now, failures, r.level, 0, context) end
end

-- attempt_left(record, policy, now) -> failures left before a lock
local function attempt_left(r, p, now)
  if r.disabled or r.locked_until > now then return 0 end
  return math.max(p.max_failures - record_failures(r), 0)
end
