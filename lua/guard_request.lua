-- Decides and records a request of an app that keeps its own codes: what send does, without a code.
-- Returns what sends_answer says, with RECORDED
register('guard_request', {}, function(keys, args)
  local p, purpose = policy_read(args[1]), args[2]
  local s, log, pause = subject_open(keys, p, purpose, sends_field(p, purpose), pause_field(purpose))
  local n = network_of(keys, args, s.clock, p)
  local look = sends_look(s, log, pause, n)
  local refusal, wait = sends_refusal(s, n, look)
  if refusal then return sends_refuse(s, n, look, EVENT_REQUEST, refusal, wait, args[4]) end

  s.known = s.known or (p.own_sends and log) or (p.own_cooldown and pause)
  if p.own_sends or p.own_cooldown then purpose_take(s) end
  look = sends_spend(s, look, log, n)
  emit(s, EVENT_REQUEST, RECORDED, s.failures, 0, args[4])
  save(s, n)
  return sends_answer(s, RECORDED, look, 0, sends_wait(look), 0, '')
end)
