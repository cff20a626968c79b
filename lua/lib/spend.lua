-- What a send costs: looked at first, then spent all or none.

local function budget(r, entry, p)
  local own = entry and entry.own or {last = 0, log = log_new()}
  return own, p.own_sends and own.log or r.log, p.own_cooldown and own.last or r.last_send
end

-- sends_look(record, entry or nil, ip, ip key or nil, policy, now) -> what is left of each limit, and the waits
local function sends_look(r, entry, ip, ip_key, p, now)
  local _, log, last = budget(r, entry, p)
  local l = {left = -1, wait = 0, reset = 0, ip_left = -1, ip_wait = 0, ip_reset = 0, blocked = 0}
  if p.sends > 0 then l.left, l.wait, l.reset = log_room(log, p.sends, p.window, now) end
  if ip_key then
    if p.ip_sends > 0 then l.ip_left, l.ip_wait, l.ip_reset = log_room(ip.log, p.ip_sends, p.ip_window, now) end
    l.blocked = ip_blocked(ip, p, now)
  end
  l.pause = math.max(last + p.cooldown - now, 0)
  return l
end

-- sends_refusal(record, look, now) -> why it is refused and for how long, or nil. The longest wait of pause and quotas
-- is told; where two are equal, the pause before the subject's quota before the network's.
local function sends_refusal(r, l, now)
  if r.disabled then return SUBJECT_DISABLED, 0 end
  if r.locked_until > now then return SUBJECT_LOCKED, r.locked_until - now end
  if l.blocked > 0 then return IP_BLOCKED, l.blocked end
  local refusal, longest = nil, 0
  if l.pause > longest then refusal, longest = RESEND_COOLDOWN, l.pause end
  if l.wait > longest then refusal, longest = QUOTA_SUBJECT, l.wait end
  if l.ip_wait > longest then refusal, longest = QUOTA_IP, l.ip_wait end
  return refusal, longest
end

-- sends_spend(record, entry, ip, ip key or nil, policy, now)
local function sends_spend(r, entry, ip, ip_key, p, now)
  local own, log = budget(r, entry, p)
  local spent, keep = log_add(log, p.sends, p.window, now)
  if p.own_sends then own.log = spent else r.log = spent end
  if p.own_cooldown then own.last = now else r.last_send = now end
  if p.own_sends or p.own_cooldown then entry.own = own end
  r.ends = math.max(r.ends, now + math.max(keep, p.cooldown))
  if ip_key and p.ip_sends > 0 then ip_spend(ip, p, now) end
end

-- sends_answer(outcome, record, look, policy, now, expires, wait, resend, epoch, generation or nil) -> what every send
-- script returns, packed: u8 outcome, u48 now, u48 expires, u48 wait, i48 subject left, u48 subject reset, u48 pause left,
-- i48 ip left, u48 ip reset, u16 attempts left, u8 resend, u48 locked until, u8 level, u32 epoch, then the generation of
-- a code that was issued. Times in ms, "left" is -1 where that limit is off. One string costs both sides less than a list.
local function sends_answer(outcome, r, l, p, now, expires, wait, resend, epoch, generation)
  return struct.pack('>BI6I6I6i6I6I6i6I6I2BI6BI4c0', outcome, now, expires, wait, l.left, l.reset, l.pause, l.ip_left,
    l.ip_reset, math.max(p.max_failures - record_failures(r), 0), resend, r.locked_until, r.level, epoch,
    generation or '')
end

-- sends_wait(look) -> ms until one more send may pass
local function sends_wait(l)
  return math.max(l.pause, l.left == 0 and l.reset or 0, l.ip_left == 0 and l.ip_reset or 0)
end
