-- Checks a code whose digest the sidecar could compute: charges the attempt, compares, settles.
-- args   5 target  6 form, with the digest (16) behind each kid  7 body of the answer (16) or nothing
-- Returns what check_answer says; CLAIMED where the digest takes time: nothing is charged yet, claim must be asked; or what
-- answer_look does
register_event('check', {}, function(keys, args)
  local said, s, code, pos, answer = check_begin(keys, args, SHORT_DIGEST)
  if said then return said end
  if #s.digest ~= SHORT_DIGEST then
    mend(s)
    return check_answer(s, CLAIMED, code)
  end
  local digest, verdict = sub(args[6], pos, pos + SHORT_DIGEST - 1), nil
  if digest == s.digest then
    verdict, s.last_attempt = APPROVED, s.now
    code_end(s, code, USED, s.names)
    failures_verified(s)
    emit(s, EVENT_CHECK, APPROVED, s.failures, 0, context_of(s, code.generation))
    save(s)
  elseif s.replaced ~= '' and string.find(replaced_hashes(s), sub(digest, 5), 1, true) then
    s.last_attempt, s.counted, s.mended = s.now, true, true
    return check_refuse(s, code, SUPERSEDED, 0, answer)
  else
    verdict = attempt_fail(s, 'own', EVENT_CHECK)
  end
  local reply = check_answer(s, verdict, code)
  answer_keep(answer, reply)
  return reply
end)
