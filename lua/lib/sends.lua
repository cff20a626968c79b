-- What a send costs: looked at first, then spent all or none. A purpose with a pause or quota of its own has fields of its own.

-- sends_field(policy, purpose), pause_field(purpose) -> the fields that hold its log of sends, and a pause of its own
local function sends_field(p, purpose)
  return p.own_sends and 'sends:' .. purpose or 'sends'
end

local function pause_field(purpose)
  return 'pause:' .. purpose
end

-- sends_look(subject, log or false, own pause or false, network or nil) -> what is left of each limit, and the waits
local function sends_look(s, log, pause, n)
  local p = s.p
  local l = {left = -1, wait = 0, reset = 0, pause = 0, ip_left = -1, ip_wait = 0, ip_reset = 0}
  if p.sends > 0 then l.left, l.wait, l.reset = log_room(log or '', p.sends, p.window, s.now) end
  if n and p.ip_sends > 0 then l.ip_left, l.ip_wait, l.ip_reset = log_room(n.sends, p.ip_sends, p.ip_window, n.now) end
  local last = s.last_send
  if p.own_cooldown then last = pause and struct.unpack('>I6', whole(pause, 6)) or 0 end
  l.pause = math.max(last + p.cooldown - s.now, 0)
  return l
end

-- stopped(subject, network or nil) -> why this subject or network may do nothing now and when that ends, or nil
local function stopped(s, n)
  if s.disabled then return SUBJECT_DISABLED, 0 end
  if s.locked_until > s.now then return SUBJECT_LOCKED, s.locked_until end
  local blocked = network_blocked(n, s.p)
  if blocked > 0 then return IP_BLOCKED, s.now + blocked end
end

-- sends_refusal(subject, network or nil, look) -> why it is refused and for how long, or nil. The longest wait of pause and
-- quotas is told; where two are equal, the pause before the subject's quota before the network's.
local function sends_refusal(s, n, l)
  local refusal, ends = stopped(s, n)
  if refusal then return refusal, math.max(ends - s.now, 0) end
  local longest = 0
  if l.pause > longest then refusal, longest = RESEND_COOLDOWN, l.pause end
  if l.wait > longest then refusal, longest = QUOTA_SUBJECT, l.wait end
  if l.ip_wait > longest then refusal, longest = QUOTA_IP, l.ip_wait end
  return refusal, longest
end

-- sends_answer(subject, outcome, look, expires, wait, resend, tail) -> what every send returns, packed: u8 outcome, u48 now,
-- u48 expires, u48 wait, i48 subject left, u48 subject reset, u48 pause left, i48 ip left, u48 ip reset, u16 attempts left,
-- u8 resend, u48 locked until, u8 level, u32 epoch, then the generation of a code that was issued. Times in ms, "left" is -1
-- where that limit is off. One string costs both sides less than a list.
local function sends_answer(s, outcome, l, expires, wait, resend, tail)
  return struct.pack('>BI6I6I6i6I6I6i6I6I2BI6BI4', outcome, s.now, expires, wait, l.left, l.reset, l.pause, l.ip_left,
    l.ip_reset, math.max(s.p.max_failures - s.failures, 0), resend, s.locked_until, s.level, s.epoch) .. tail
end

-- sends_refuse(subject, network or nil, look, kind of event, refusal, wait, context) -> the answer to what is refused
local function sends_refuse(s, n, l, kind, refusal, wait, context)
  emit(s, kind, refusal, s.failures, s.now + wait, context)
  mend(s, n)
  return sends_answer(s, refusal, l, 0, wait, 0, '')
end

-- sends_spend(subject, look, log or false, network or nil) -> what is left then
local function sends_spend(s, l, log, n)
  local p, pause = s.p, nil
  local spent, keep = log_add(log or '', p.sends, p.window, s.now)
  set(s, sends_field(p, s.purpose), spent)
  if p.own_cooldown then
    pause = struct.pack('>I6', s.now)
    set(s, pause_field(s.purpose), pause)
  else
    s.last_send = s.now
  end
  raise(s, s.now + math.max(keep, p.cooldown))
  network_spend(n, p)
  if #spent % 6 > 0 or (n and #n.sends % 6 > 0) then return sends_look(s, spent, pause, n) end
  -- Of exact logs it is known.
  l.pause = p.cooldown
  if p.sends > 0 then l.left, l.reset = l.left - 1, l.left < p.sends and l.reset or p.window end
  if l.ip_left > 0 then l.ip_left, l.ip_reset = l.ip_left - 1, l.ip_left < p.ip_sends and l.ip_reset or p.ip_window end
  return l
end

-- sends_wait(look) -> ms until one more send may pass
local function sends_wait(l)
  return math.max(l.pause, l.left == 0 and l.reset or 0, l.ip_left == 0 and l.ip_reset or 0)
end
