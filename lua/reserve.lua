-- First half of a send whose digest takes time: decides and spends like send, and remembers whose turn it is. The code before
-- it stays valid until store.
-- args   5 generation (12)  6 body of the answer (16) or nothing
--        7 id of the operation (8)
-- Returns what sends_answer says, with RESERVED and then what a new digest must begin with to be compared by one hash with the one
-- that it will replace (kid, cost and salt), or nothing; {REPLAYED, sealed code, answer}, {KEY_REUSED} or {IN_PROGRESS}
register('reserve', {}, function(keys, args)
  local p, purpose, context = policy_read(args[1]), args[2], args[4]
  local answer = answer_of(keys, args, args[6])
  local known = answer_look(answer)
  if known then return known end
  local s, log, pause, reserved =
    subject_open(keys, p, purpose, sends_field(p, purpose), pause_field(purpose), 'reserved:' .. purpose)
  local n = network_of(keys, args, s.clock, p)
  claims_close(s)
  local look = sends_look(s, log, pause, n)
  local refusal, wait = sends_refusal(s, n, look)
  if refusal then return sends_refuse(s, n, look, EVENT_SEND, refusal, wait, args[4]) end

  sends_spend(s, look, log, n)
  s.known = s.known or reserved
  purpose_take(s)
  set(s, 'reserved:' .. purpose, args[5])
  emit(s, EVENT_SEND, RESERVED, s.failures, 0, context)
  save(s, n)
  answer_begin(answer, args[7])
  local head = s.state == PENDING and s.digest and #s.digest > SHORT_DIGEST and string.sub(s.digest, 1, -HASH_BYTES - 1) or ''
  return sends_answer(s, RESERVED, look, 0, 0, 0, head)
end)
