-- Second half of a check: what the comparison said. Only a claim that is still open can succeed, only for the very code that it
-- was made for, and only while that code may still be used. One of the codes that it replaced costs its subject nothing.
-- args   5 id of the operation (8)
--        6 what was typed: 0 a wrong code, 1 the right one, 2 one that it replaced  7 body of the answer (16) or nothing
-- Returns what check_answer says, with UNSETTLED where the claim is not open any more

-- settle_stopped(subject, generation) -> why a right code is refused and when that ends, or nil. What stops this subject does not
-- count where only claims of this very generation began it, which its success forgives.
local function settle_stopped(s, generation)
  local lock, stop = false, false
  if not stopped(s, nil) then return nil end
  each_claim(s, function(c)
    if c.generation == generation then lock, stop = lock or locks(c.reached), stop or disables(c.reached) end
  end)
  if s.disabled and not stop then return SUBJECT_DISABLED, 0 end
  if s.lock.ends > s.now and not lock then return SUBJECT_LOCKED, s.lock.ends end
end

register_event('settle', {}, function(keys, args)
  local field, right, replaced = 'claim:' .. args[5], args[6] == '1', args[6] == '2'
  local s = subject_open(keys, args)
  local held, n = s.fields[field], s.network
  -- A network that came along is as it stood before the claim was charged.
  if n and not n.key then network_fail(n) end
  local answer = answer_ours(answer_of(keys, args, args[7]), args[5])
  if not held then
    network_save(n)
    return check_answer(s, UNSETTLED)
  end
  local claim = claim_read(held)
  local code = s.code and s.code.generation == claim.generation and s.code
  -- What the comparison means by now; a wrong code that is live still is PENDING.
  local verdict, ends, reached, failures, left = code and s.state or SUPERSEDED, 0, 0, nil, nil
  if verdict == PENDING and replaced then verdict = SUPERSEDED end
  if verdict == PENDING and right then
    local refusal, till = settle_stopped(s, claim.generation)
    verdict, ends = refusal or APPROVED, till or 0
  end
  set(s, field, nil)
  s.open, s.counted = max(s.open - 1, 0), true
  if verdict == APPROVED then
    claims_forgive(s, field, claim)
    code_end(s, code, USED, s.names)
    if s.last_failure == claim.at then s.last_failure = claim.prior end
    failures_verified(s)
  elseif verdict == SUPERSEDED and (right or replaced) and (s.state == PENDING and code or s.last_attempt == claim.at) then
    -- One of this subject's own codes. Where others were compared since then, the charge may be spent already, and stands.
    claim_forgive(s, claim)
    failures_take(s, min(s.own, 1), 0, min(s.own_run, 1))
    if s.last_failure == claim.at then s.last_failure = claim.prior end
  elseif verdict < SUBJECT_DISABLED
    and (verdict ~= USED or claim.reached > 0 and (s.disabled or s.lock.ends > s.now)) then
    -- Wrong, or right too late: the lock that it began stands. So it does where the app found the code used meanwhile, which
    -- forgives nothing; a right code has forgiven the lock.
    reached = claim.reached
    attempt_seal(s, reached)
    if verdict ~= USED and not right and not replaced then verdict, failures = WRONG[reached], claim.failures end
  end
  emit(s, EVENT_CHECK, verdict, failures or s.failures, ends, verdict == APPROVED and context_of(s, claim.generation) or nil)
  attempt_reached(s, reached, claim.failures)
  if n and not check_counts(verdict) and s.p.ip_failures > 0 then n.failures, n.changed = log_back(n.failures), true end
  save(s)
  if s.lifted then index_drop(s.key, 'locked') end
  if s.enabled then index_drop(s.key, 'disabled') end
  -- What was left as of this claim, whatever others charged since.
  if not right and not replaced then left = disables(reached) and 0 or max(s.p.max_failures - claim.failures, 0) end
  local reply = check_answer(s, verdict, code, ends, left)
  if answer and verdict < SUBJECT_DISABLED then answer_keep(answer, reply) elseif answer then call('DEL', answer.key) end
  return reply
end)
