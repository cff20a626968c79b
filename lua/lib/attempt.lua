-- A failure: charged before anything is compared, and never given back by a crash.

-- attempt_charge(subject, 'own' for a code or 'guard' for what the app compared) -> whether it locks, whether it disables
local function attempt_charge(s, field)
  -- A run is kept for 30 days, so only where somebody counts it.
  local p, counts_run = s.p, field == 'own' and s.p.hard_stop > 0
  if s.stale then failures_clear(s) end
  purpose_take(s)
  s.failures, s[field] = min(s.failures + 1, MANY), min(s[field] + 1, MANY)
  if counts_run then s.run, s.own_run = min(s.run + 1, MANY), min(s.own_run + 1, MANY) end
  s.last_failure, s.last_attempt, s.counted = s.now, s.now, true
  return s.failures >= p.max_failures, counts_run and s.run >= p.hard_stop
end

-- attempt_seal(subject, locks, disables): what it reached is final: the failures of a lock are spent, and every code is burnt
local function attempt_seal(s, locks, disables)
  if locks then failures_clear(s) end
  if locks or disables then burn(s) end
end

-- attempt_verdict(locks, disables) -> the outcome of a wrong code
local function attempt_verdict(locks, disables) return disables and WRONG_CODE_DISABLES or locks and WRONG_CODE_LOCKS or WRONG_CODE end

-- attempt_reached(subject, locks, disables, failures, context or nil): the events of what an attempt set off, after its own
local function attempt_reached(s, locks, disables, failures, context)
  if locks then emit(s, EVENT_LOCKOUT, SUBJECT_LOCKED, failures, s.lock.ends, context) end
  if disables then emit(s, EVENT_DISABLE, SUBJECT_DISABLED, failures, 0, context) end
end

-- attempt_fail(subject, field, kind of event) -> the verdict on an attempt that failed: charged, and what it reaches is final
local function attempt_fail(s, field, kind)
  local locks, disables = attempt_charge(s, field)
  local failures, verdict = s.failures, attempt_verdict(locks, disables)
  if locks then lock_begin(s) end
  if disables then disable(s) end
  attempt_seal(s, locks, disables)
  emit(s, kind, verdict, failures, 0)
  attempt_reached(s, locks, disables, failures)
  network_fail(s.network)
  save(s)
  return verdict
end
