-- Puts back what was answered to a caller and is not here: the server that knew it is gone, and this one had not heard of it.
-- Nothing is ever made less by it.
-- keys   7 where the bucket was found  8 when an operator last ended what stopped the subject
-- args   1 limits  2 purpose of the last failure  3 flags: 0  4 context of the event
--        5 failures (2), of which so many in a row of this purpose (2), level of the lock (1), its reason (1), when it began
--        and ends, ms (6, 6), 1 where the subject was disabled (1), when it was answered, ms (6)
-- Returns {1 if something was put back, else 0}
register('replay', {'allow-oom'}, function(keys, args)
  local failures, run, level, reason, locked_at, locked_until, disabled, told = parse('>I2I2BBI6I6BI6', args[5])
  local s, known = subject_open(keys, args), call('MGET', keys[7], keys[8])
  local since, held = known[1] and parse('>I6', known[1], 41) or 0, call('HMGET', keys[1], 'seen')[1]
  local seen = held and parse('>I6', held, 2) or 0
  -- What a server has of another's writes is all of them up to some moment: where there is a later one, this is among them.
  if told < seen and seen < since then return {0} end
  if known[2] and told <= parse('>I6', known[2]) then return {0} end

  -- The failures of a lock are spent with it.
  local missing = reason == 0 and disabled == 0 and s.lock.ends <= s.now and failures - s.failures or 0
  if missing > 0 then
    if s.stale then failures_clear(s) end
    purpose_take(s)
    s.failures, s.own = min(s.failures + missing, 65535), min(s.own + missing, 65535)
    s.run, s.own_run = s.run + max(run - s.own_run, 0), max(s.own_run, run)
    s.last_failure, s.last_attempt, s.counted = s.now, s.now, true
  end
  local locks, disables = locked_until > s.now and locked_until > s.lock.ends, disabled == 1 and not s.disabled
  if locks then
    s.lock = {level = max(s.lock.level, level), reason = reason, since = locked_at, ends = locked_until, failures = failures}
    s.relocked, s.listed = true, true
  end
  if disables then disable(s) end
  if locks then lock_seal(s) elseif disables then burn(s) end
  if missing <= 0 and not locks and not disables then return {0} end
  emit(s, EVENT_STORE_REPLAY, RECORDED, locks and failures or s.failures, locks and locked_until or 0)
  save(s)
  return {1}
end)
