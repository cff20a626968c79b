-- Second half of a send: stores the digest, unless a later send took its turn or its subject was locked in between.
-- args   5 candidate: generation (12) spelling (8) length (1) alphabet (1) digest
--        6 body (16) and reference (16) of the answer, or nothing  7 sealed code  8 id of the operation (8)
-- Returns what sends_answer says
register('store', {}, function(keys, args)
  local p, purpose, context, candidate = policy_read(args[1]), args[2], args[4], args[5]
  local s, log, pause, replaced, reserved = subject_open(keys, p, purpose, sends_field(p, purpose), pause_field(purpose),
    'replaced:' .. purpose, 'reserved:' .. purpose)
  local n = network_of(keys, args, s.clock, p)
  -- What came along is how it stood before the send was reserved.
  if n and not n.key then network_spend(n, p) end
  local answer = answer_ours(answer_of(keys, args, string.sub(args[6], 1, 16)), args[8])
  claims_close(s)
  local look = sends_look(s, log, pause, n)

  local refusal, ends = stopped(s, nil)
  if refusal then
    local reply = sends_refuse(s, n, look, EVENT_SEND, refusal, math.max(ends - s.now, 0), context)
    if answer then redis.call('DEL', answer.key) end
    return reply
  end

  local resend, generation, expires = 0, string.sub(candidate, 1, 12), s.now + p.lifetime
  s.known = s.known or reserved
  if reserved == generation then
    purpose_take(s)
    purposes_cap(s)
    resend = code_place(s, candidate, replaced, answer and string.sub(args[6], 17) or '')
    del(s, 'reserved:' .. purpose)
  elseif s.state == PENDING and s.digest then
    -- Its turn was taken: it is issued all the same, and superseded already, as if it had come first.
    set(s, 'replaced:' .. purpose, replaced_keep(s, replaced, string.sub(candidate, 23), expires, s.digest))
  end
  emit(s, EVENT_SEND, ISSUED, s.failures, expires, context)
  save(s, n)
  local reply = sends_answer(s, ISSUED, look, expires, sends_wait(look), resend, generation)
  answer_keep(answer, reply)
  answer_keep_code(answer, args[7], p.lifetime)
  return reply
end)
