-- First half of a check whose digest takes time: decides like check and charges the attempt, before anything is compared.
-- The claim that reaches the limit begins the lock at once; a crash leaves the charge, and the lock, as they are.
-- args   5 target  6 form (4), kids of the ring: n x 4
--        7 body of the answer (16) or nothing  8 id of the operation (8)
-- Returns what check_answer says, then for CLAIMED: u16 attempts left as of this claim, u8 length of the digest, digest (kid,
-- cost, salt, hash), replaced hashes of the same salt, 16 each; or {REPLAYED, '', answer}, {KEY_REUSED}, {IN_PROGRESS}
register('claim', {}, function(keys, args)
  local p, purpose, context, target, form = policy_read(args[1]), args[2], args[4], args[5], args[6]
  local answer = answer_of(keys, args, args[7])
  local known = answer_look(answer)
  if known and known[1] ~= KEY_REUSED then return known end
  local s, replaced = subject_open(keys, p, purpose, 'replaced:' .. purpose)
  local n = network_of(keys, args, s.clock, p)
  if known then return check_reused(known, s, n, target, form) end
  claims_close(s)
  local code, verdict, ends = check_look(s, n, target, form)
  if not verdict then
    local known_kid = false
    for pos = 5, #form, 4 do known_kid = known_kid or string.sub(form, pos, pos + 3) == string.sub(s.digest, 1, 4) end
    if not known_kid then
      verdict = EXPIRED
    elseif s.open >= CLAIMS_MAX then
      -- More codes in comparison than any limit that is not weak: whoever comes now may come again.
      mend(s, n)
      return check_answer(s, IN_PROGRESS, code, n, 0)
    end
  end
  if verdict then
    local reply = check_refuse(s, code, verdict, n, ends, context)
    if verdict <= NOT_FOUND then answer_keep(answer, reply) end
    return reply
  end

  local claim = {generation = code.generation, at = s.now, prior = s.last_failure, before = lock_bytes(s)}
  claim.locks, claim.disables = attempt_charge(s, 'own')
  claim.failures = s.failures
  set(s, 'claim:' .. args[8], claim_bytes(claim))
  s.open, s.oldest, s.compared = s.open + 1, s.open > 0 and math.min(s.oldest, s.now) or s.now, true
  if claim.locks then lock_begin(s) end
  if claim.disables then disable(s) end
  network_fail(n, p)
  save(s, n)
  answer_begin(answer, args[8])
  local hashes = ''
  for pos = 1, replaced and #replaced or 0, REPLACED_BYTES do
    if struct.unpack('>I6', replaced, pos) > s.now then
      hashes = hashes .. string.sub(replaced, pos + 6, pos + REPLACED_BYTES - 1)
    end
  end
  return check_answer(s, CLAIMED, code, n, 0) .. struct.pack('>I2B', math.max(p.max_failures - s.failures, 0), #s.digest)
    .. s.digest .. hashes
end)
