-- Issues a code whose digest is known beforehand: decides every limit, then spends all or none of them, then stores the
-- digest and the event.
-- args   5 candidate: generation (12) spelling (8) length (1) alphabet (1) digest
--        6 body (16) and reference (16) of the answer, or nothing  7 sealed code or nothing  8 message that carries it, or nothing
-- Returns what sends_answer says, or what answer_look does
register_event('send', {}, function(keys, args)
  local said, s, look, answer = sends_begin(keys, args, EVENT_SEND, args[6])
  if said then return said end
  local candidate, expires = args[5], s.now + s.p.lifetime
  purpose_take(s)
  purposes_cap(s)
  local resend = code_place(s, candidate, expires, answer, args[8])
  emit(s, EVENT_SEND, ISSUED, s.failures, expires)
  save(s)
  local reply = sends_answer(s, ISSUED, look, expires, sends_wait(look), resend, sub(candidate, 1, 12))
  answer_keep(answer, reply, args[7], s.p.lifetime)
  return reply
end)
