-- A failure: charged before anything is compared, and never given back by a crash.

-- attempt_charge(subject, field) -> whether failures reach the limit, whether wrong codes in a row reach the hard stop.
-- field: 'own' for a code, 'guard' for what the app compared itself.
local function attempt_charge(s, field)
  local p, by_code = s.p, field == 'own'
  if s.stale then failures_clear(s) end
  purpose_take(s)
  s.failures, s[field] = math.min(s.failures + 1, 65535), math.min(s[field] + 1, 65535)
  -- Kept for 30 days, so only where somebody counts them.
  if by_code and p.hard_stop > 0 then s.run, s.own_run = math.min(s.run + 1, 65535), math.min(s.own_run + 1, 65535) end
  s.last_failure, s.last_attempt, s.counted = s.now, s.now, true
  return s.failures >= p.max_failures, by_code and p.hard_stop > 0 and s.run >= p.hard_stop
end

-- attempt_verdict(locks, disables) -> the outcome of a wrong code
local function attempt_verdict(locks, disables)
  return disables and WRONG_CODE_DISABLES or locks and WRONG_CODE_LOCKS or WRONG_CODE
end

-- attempt_events(subject, kind, outcome, failures, locks, disables, context): the attempt's event, and those of what it set off
local function attempt_events(s, kind, outcome, failures, locks, disables, context)
  emit(s, kind, outcome, failures, 0, context)
  if locks then emit(s, EVENT_LOCKOUT, SUBJECT_LOCKED, failures, s.locked_until, context) end
  if disables then emit(s, EVENT_DISABLE, SUBJECT_DISABLED, failures, 0, context) end
end

-- attempt_left(subject) -> failures left before a lock
local function attempt_left(s)
  if s.disabled or s.locked_until > s.now then return 0 end
  return math.max(s.p.max_failures - s.failures, 0)
end

-- attempt_success(subject): a verified code clears the failures of its purpose
local function attempt_success(s)
  if s.stale then failures_clear(s) end
  if s.own + s.guard + s.own_run == 0 then return end
  s.failures, s.run = math.max(s.failures - s.own - s.guard, 0), math.max(s.run - s.own_run, 0)
  s.own, s.guard, s.own_run, s.counted = 0, 0, 0, true
end
