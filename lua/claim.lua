-- First half of a check whose digest takes time: decides like check and charges the attempt, before anything is compared.
-- The claim that reaches the limit begins the lock at once; a crash leaves the charge, and the lock, as they are.
-- args   5 target  6 form  7 body of the answer (16) or nothing  8 id of the operation (8)
-- Returns what check_answer says, then for CLAIMED: u8 length of the digest, digest (kid, cost, salt, hash), replaced hashes of the same
-- salt, 16 each; or what answer_look does
register_event('claim', {}, function(keys, args)
  local said, s, code, _, answer = check_begin(keys, args, 4)
  if said then return said end
  if s.open >= CLAIMS_MAX then
    -- More codes in comparison than any limit that is not weak: whoever comes now may come again.
    mend(s)
    return check_answer(s, IN_PROGRESS, code)
  end
  local claim = {generation = code.generation, at = s.now, prior = s.last_failure, before = lock_bytes(s.lock)}
  claim.reached = attempt_charge(s, 'own')
  claim.failures = s.failures
  set(s, 'claim:' .. args[8], claim_bytes(claim))
  s.open, s.oldest = s.open + 1, s.open > 0 and min(s.oldest, s.now) or s.now
  network_fail(s.network)
  save(s)
  answer_begin(answer, args[8])
  return check_answer(s, CLAIMED, code) .. string.char(#s.digest) .. s.digest .. replaced_hashes(s)
end)
