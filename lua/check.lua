-- Checks a code whose digest the sidecar could compute: charges the attempt, compares, settles.
-- args   5 target  6 form (4), n x (kid 4, digest 16)
--        7 body of the answer (16) or nothing
-- Returns what check_answer says; CLAIMED where the digest takes time: nothing is charged yet, claim must be asked;
-- {REPLAYED, '', answer}, {KEY_REUSED} or {IN_PROGRESS}
register('check', {}, function(keys, args)
  local p, purpose, context, target, form = policy_read(args[1]), args[2], args[4], args[5], args[6]
  local answer = answer_of(keys, args, args[7])
  local known = answer_look(answer)
  if known and known[1] ~= KEY_REUSED then return known end
  local s, replaced = subject_open(keys, p, purpose, 'replaced:' .. purpose)
  local n = network_of(keys, args, s.clock, p)
  if known then return check_reused(known, s, n, target, form) end
  claims_close(s)
  local code, verdict, ends = check_look(s, n, target, form)

  local digest
  if not verdict then
    if #s.digest ~= SHORT_DIGEST then
      mend(s, n)
      return check_answer(s, CLAIMED, code, n, 0)
    end
    for pos = 5, #form, SHORT_DIGEST do
      if string.sub(form, pos, pos + 3) == string.sub(s.digest, 1, 4) then digest = string.sub(form, pos, pos + SHORT_DIGEST - 1) end
    end
    -- A pepper that left the ring: nobody can tell any more, so it counts for nothing.
    if not digest then
      verdict = EXPIRED
    elseif digest ~= s.digest and replaced_has(s, replaced, string.sub(digest, 5)) then
      verdict, s.last_attempt, s.counted, s.mended = SUPERSEDED, s.now, true, true
    end
  end

  local reply
  if verdict then
    reply = check_refuse(s, code, verdict, n, ends, context)
  elseif digest == s.digest then
    verdict, s.last_attempt, s.counted = APPROVED, s.now, true
    code_end(s, purpose, code, USED)
    attempt_success(s)
    emit(s, EVENT_CHECK, APPROVED, s.failures, 0, context)
    save(s, n)
    reply = check_answer(s, APPROVED, code, n, 0)
  else
    verdict, reply = check_wrong(s, code, n, context)
  end
  if verdict < SUBJECT_DISABLED and verdict ~= INVALID_CODE then answer_keep(answer, reply) end
  return reply
end)
