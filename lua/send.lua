-- Sends of a code. candidate: generation (12) spelling (8) length (1) alphabet (1) digest

-- One whose digest is known beforehand: decides every limit, then spends all or none of them, then stores the digest and the event.
-- args   5 candidate  6 body (16) and reference (16) of the answer, or nothing  7 sealed code or nothing  8 message that carries it,
--        or nothing
-- Returns what sends_answer says, or what answer_look does
register_event('send', {}, function(keys, args)
  local said, s, look, answer = sends_begin(keys, args, EVENT_SEND, args[6])
  if said then return said end
  local expires = s.now + s.p.lifetime
  local resend = sends_place(s, args[5], expires, answer, args[8])
  return sends_issue(s, look, args[5], expires, resend, answer, args[7])
end)

-- One whose digest takes time, in two halves. The first decides and spends like send, and remembers whose turn it is. The code
-- before it stays valid until the second.
-- args   5 generation (12)  6 body of the answer (16) or nothing  7 id of the operation (8)
-- Returns what sends_answer says, with RESERVED and then what a new digest must begin with to be compared by one hash with the
-- one that it will replace (kid, cost and salt), or nothing; or what answer_look does
register_event('reserve', {}, function(keys, args)
  local said, s, look, answer = sends_begin(keys, args, EVENT_SEND, args[6])
  if said then return said end
  purpose_take(s)
  set(s, s.names.reserved, args[5])
  emit(s, EVENT_SEND, RESERVED, s.failures, 0)
  save(s)
  answer_begin(answer, args[7])
  local head = s.state == PENDING and s.digest and #s.digest > SHORT_DIGEST and sub(s.digest, 1, -HASH_BYTES - 1) or ''
  return sends_answer(s, RESERVED, look, 0, 0, 0, head)
end)

-- The second stores the digest, unless a later send took its turn or its subject was locked in between.
-- args   5 to 8 as of send, but 8 id of the operation (8)  9 message that carries it, or nothing
-- Returns what sends_answer says
register_event('store', {}, function(keys, args)
  local candidate, s = args[5], subject_open(keys, args)
  -- A network that came along is as it stood before the send was reserved.
  if s.network and not s.network.key then network_spend(s.network) end
  local answer = answer_ours(answer_of(keys, args, args[6]), args[8])
  claims_close(s)
  local look, refusal, ends = sends_look(s), stopped(s, nil)
  if refusal then
    local reply = sends_refuse(s, look, EVENT_SEND, refusal, max(ends - s.now, 0))
    if answer then call('DEL', answer.key) end
    return reply
  end
  local resend, generation, expires = 2, sub(candidate, 1, 12), s.now + s.p.lifetime
  if s.fields[s.names.reserved] == generation then
    resend = sends_place(s, candidate, expires, answer, args[9])
    set(s, s.names.reserved, nil)
  else
    -- Its turn was taken: it is issued all the same, and superseded already, as if it had come first.
    if s.state == PENDING and s.digest then
      set(s, s.names.replaced, replaced_keep(s, sub(candidate, 23), expires, s.digest))
    end
    if (args[9] or '') ~= '' then message_put(s, generation, args[9], expires, s.p.lifetime) end
  end
  return sends_issue(s, look, candidate, expires, resend, answer, args[7])
end)
