-- What a send costs: looked at first, then spent all or none. A purpose with a pause or quota of its own has fields of its own.

-- sends_look(subject, its log of sends and own pause where they are new) -> what is left of each limit, and the waits
local function sends_look(s, log, pause)
  local p, n, fields, names, last = s.p, s.network, s.fields, s.names, s.last_send
  log, pause = log or log_read(fields[p.own_sends and names.sends or 'sends'], 'record'), pause or fields[names.pause]
  local l = {log = log, left = -1, wait = 0, reset = 0, pause = 0, ip_left = -1, ip_wait = 0, ip_reset = 0}
  if p.sends > 0 then l.left, l.wait, l.reset = log_room(l.log, p.sends, p.window, s.now) end
  if n and p.ip_sends > 0 then l.ip_left, l.ip_wait, l.ip_reset = log_room(n.sends, p.ip_sends, p.ip_window, n.now) end
  if p.own_cooldown then last = pause and parse('>I6', whole(pause, 6)) or 0 end
  if last + p.cooldown > s.now then l.pause = last + p.cooldown - s.now end
  return l
end

-- sends_refusal(subject, look, what the call brings) -> why it is refused and for how long, or nil: the longest wait of pause and quotas
local function sends_refusal(s, l, b)
  -- Where it may not go by no means is said first.
  if b.barred == DESTINATION_NOT_ALLOWED then return b.barred, 0 end
  local refusal, ends = stopped(s, s.network)
  if refusal then return refusal, max(ends - s.now, 0) end
  local longest = 0
  if l.pause > longest then refusal, longest = RESEND_COOLDOWN, l.pause end
  if l.wait > longest then refusal, longest = QUOTA_SUBJECT, l.wait end
  if l.ip_wait > longest then refusal, longest = QUOTA_IP, l.ip_wait end
  if b.barred > 0 and b.barred_wait > longest then refusal, longest = b.barred, b.barred_wait end
  return refusal, longest
end

-- sends_answer(subject, outcome, look, expires, wait, resend, tail) -> u8 outcome, u48 now, u48 expires, u48 wait, i48 subject left,
-- u48 subject reset, u48 pause left, i48 ip left, u48 ip reset, u16 attempts left, u8 resend, u48 locked until, u8 level, u32 epoch,
-- then the generation of a code that was issued. Times in ms, "left" is -1 where that limit is off. A list would cost more.
local function sends_answer(s, outcome, l, expires, wait, resend, tail)
  return pack('>BI6I6I6i6I6I6i6I6I2BI6BI4c0', outcome, s.now, expires, wait, l.left, l.reset, l.pause, l.ip_left, l.ip_reset,
    max(s.p.max_failures - s.failures, 0), resend, s.lock.ends, s.lock.level, s.epoch, tail)
end

-- sends_refuse(subject, look, kind of event, refusal, wait) -> the answer to what is refused
local function sends_refuse(s, l, kind, refusal, wait)
  emit(s, kind, refusal, s.failures, s.now + wait)
  mend(s)
  return sends_answer(s, refusal, l, 0, wait, 0, '')
end

-- sends_spend(subject, look) -> what is left then
local function sends_spend(s, l)
  local p, n, names = s.p, s.network, s.names
  local spent, keep = log_add(l.log, p.sends, p.window, s.now)
  set(s, p.own_sends and names.sends or 'sends', spent)
  if p.own_cooldown then set(s, names.pause, times[s.now]) else s.last_send = s.now end
  raise(s, s.now + max(keep, p.cooldown))
  network_spend(n)
  if #spent % 6 > 0 or (n and #n.sends % 6 > 0) then return sends_look(s, spent, times[s.now]) end
  -- Of exact logs it is known.
  l.pause = p.cooldown
  if p.sends > 0 then l.left, l.reset = l.left - 1, l.left < p.sends and l.reset or p.window end
  if l.ip_left > 0 then l.ip_left, l.ip_reset = l.ip_left - 1, l.ip_left < p.ip_sends and l.ip_reset or p.ip_window end
  return l
end

-- sends_wait(look) -> ms until one more send may pass
local function sends_wait(l) return max(l.pause, l.left == 0 and l.reset or 0, l.ip_left == 0 and l.ip_reset or 0) end

-- sends_begin(keys, args, kind of event, body of the answer or nil) -> what is answered at once or nil; then all is spent: subject,
-- what is left, answer or nil
local function sends_begin(keys, args, kind, body)
  local answer = answer_of(keys, args, body)
  local known = answer_look(answer)
  if known then return known end
  local s = subject_open(keys, args)
  claims_close(s)
  local look = sends_look(s)
  local refusal, wait = sends_refusal(s, look, brings[args[3]])
  if refusal then return sends_refuse(s, look, kind, refusal, wait) end
  return nil, s, sends_spend(s, look), answer
end

-- sends_place(subject, candidate, when it expires, answer or nil, message that message_put takes, or nothing) -> 1 if the code took
-- the place of one that was live
local function sends_place(s, candidate, expires, answer, message)
  purpose_take(s)
  purposes_cap(s)
  local old, names, lifetime, live, marks = s.code, s.names, s.p.lifetime, s.state == PENDING, 0
  set(s, names.replaced, live and s.digest and replaced_keep(s, s.digest, old.expires, sub(candidate, 23)))
  if old and not live then code_remember(s, old, s.state) end
  if old then code_finish(s, old, SUPERSEDED) end
  if (message or '') ~= '' then
    marks = MARK_MESSAGE
    message_put(s, sub(candidate, 1, 12), message, expires, lifetime)
  end
  set(s, names.code, code_pack(candidate, s.epoch % EPOCH_HALF, PENDING, marks, expires, lifetime, answer and answer.reference))
  set(s, names.digest, sub(candidate, 23))
  raise(s, expires + lifetime)
  return live and 1 or 0
end

-- sends_issue(subject, look, candidate, when it expires, resend: 1 = in the place of a live code, 2 = superseded already, answer or nil,
-- sealed code or nil) -> the answer to a code that was placed
local function sends_issue(s, look, candidate, expires, resend, answer, sealed)
  emit(s, EVENT_SEND, ISSUED, s.failures, expires)
  save(s)
  local reply = sends_answer(s, ISSUED, look, expires, sends_wait(look), resend, sub(candidate, 1, 12))
  answer_keep(answer, reply, sealed, s.p.lifetime)
  return reply
end
