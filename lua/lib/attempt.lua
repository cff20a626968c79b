-- A failure: charged before anything is compared, and never given back by a crash. What it reaches is 0, one of these or
-- their sum, and makes it WRONG.
local REACHED_LOCK, REACHED_STOP = 1, 2
local WRONG = {[0] = WRONG_CODE, WRONG_CODE_LOCKS, WRONG_CODE_DISABLES, WRONG_CODE_DISABLES}
local function locks(reached) return reached % 2 == REACHED_LOCK end
local function disables(reached) return reached >= REACHED_STOP end

-- attempt_charge(subject, 'own' for a code or 'guard' for what the app compared) -> what it reaches, which begins with it
local function attempt_charge(s, field)
  -- A run is kept for 30 days, so only where somebody counts it.
  local p, counts_run = s.p, field == 'own' and s.p.hard_stop > 0
  if s.stale then failures_clear(s) end
  purpose_take(s)
  s.failures, s[field] = min(s.failures + 1, MANY), min(s[field] + 1, MANY)
  if counts_run then s.run, s.own_run = min(s.run + 1, MANY), min(s.own_run + 1, MANY) end
  s.last_failure, s.last_attempt, s.counted = s.now, s.now, true
  local lock, stop = s.failures >= p.max_failures, counts_run and s.run >= p.hard_stop
  if lock or stop then index_open(s) end
  if lock then lock_begin(s) end
  if stop then disable(s) end
  return (lock and REACHED_LOCK or 0) + (stop and REACHED_STOP or 0)
end

-- attempt_seal(subject, reached): that is final: the failures of a lock are spent, and every code is burnt
local function attempt_seal(s, reached)
  if reached == 0 then return end
  if locks(reached) then failures_clear(s) end
  burn(s)
end

-- attempt_reached(subject, reached, failures, context or nil): the events of what an attempt set off, after its own
local function attempt_reached(s, reached, failures, context)
  if reached == 0 then return end
  if locks(reached) then emit(s, EVENT_LOCKOUT, SUBJECT_LOCKED, failures, s.lock.ends, context) end
  if disables(reached) then emit(s, EVENT_DISABLE, SUBJECT_DISABLED, failures, 0, context) end
end

-- attempt_fail(subject, field, kind of event) -> the verdict on an attempt that failed: charged, and what it reaches is final
local function attempt_fail(s, field, kind)
  local reached = attempt_charge(s, field)
  local failures = s.failures
  attempt_seal(s, reached)
  emit(s, kind, WRONG[reached], failures, 0)
  attempt_reached(s, reached, failures)
  network_fail(s.network)
  save(s)
  return WRONG[reached]
end
