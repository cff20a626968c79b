-- Issues a code whose digest is known beforehand: decides every limit, then spends all or none of them, then stores the
-- digest and the event.
-- args   5 candidate: generation (12) spelling (8) length (1) alphabet (1) digest
--        6 body (16) and reference (16) of the answer, or nothing  7 sealed code
-- Returns what sends_answer says; {REPLAYED, sealed code, answer}, {KEY_REUSED} or {IN_PROGRESS}
register('send', {}, function(keys, args)
  local p, purpose, context = policy_read(args[1]), args[2], args[4]
  local answer = answer_of(keys, args, string.sub(args[6], 1, 16))
  local known = answer_look(answer)
  if known then return known end
  local s, log, pause, replaced =
    subject_open(keys, p, purpose, sends_field(p, purpose), pause_field(purpose), 'replaced:' .. purpose)
  local n = network_of(keys, args, s.clock, p)
  claims_close(s)
  local look = sends_look(s, log, pause, n)
  local refusal, wait = sends_refusal(s, n, look)
  if refusal then return sends_refuse(s, n, look, EVENT_SEND, refusal, wait, args[4]) end

  look = sends_spend(s, look, log, n)
  purpose_take(s)
  purposes_cap(s)
  local resend = code_place(s, args[5], replaced, string.sub(args[6], 17))
  emit(s, EVENT_SEND, ISSUED, s.failures, s.code.expires, context)
  save(s, n)
  local reply = sends_answer(s, ISSUED, look, s.code.expires, sends_wait(look), resend, s.code.generation)
  answer_keep(answer, reply)
  answer_keep_code(answer, args[7], p.lifetime)
  return reply
end)
