-- Issues a code: decides every limit, then spends all or none of them, then stores the digest and the event.
-- KEYS   1 record  2 epoch  3 events  4 history  5 state of the client's network (only where sends per IP are limited)
-- ARGV   1 limits  2 purpose tag (4)  3 candidate: generation (12) spelling (8) kid (4) length (1) digest
--        4 context of the event
-- Returns {outcome, now, expires, wait, subject left, subject reset, pause left, ip left, ip reset, attempts left,
--          resend, locked until, level, epoch}; times in ms, "left" is -1 where that limit is off
if #ARGV ~= 4 or #KEYS < 4 then error({err = 'OTPARITY send'}) end
local P = policy_read(ARGV[1])
local tag, candidate = ARGV[2], ARGV[3]
local now = clock_ms()
local got = redis.call('MGET', KEYS[1], KEYS[2], KEYS[5] or KEYS[1])
local r, epoch = record_read(got[1]), tonumber(got[2] or 1)
local ip = KEYS[5] and ip_read(got[3]) or {seen = 0, log = log_new()}
now = math.max(now, r.seen, ip.seen)
record_settle(r, now, P.memory)

local entry = purpose_find(r, tag)
local own = entry and entry.own or {last = 0, log = log_new()}
local log = P.own_sends and own.log or r.log
local last = P.own_cooldown and own.last or r.last_send
local failures = record_failures(r)

local left, wait, reset = -1, 0, 0
if P.sends > 0 then left, wait, reset = log_room(log, P.sends, P.window, now) end
local ip_left, ip_wait, ip_reset = -1, 0, 0
if KEYS[5] then ip_left, ip_wait, ip_reset = log_room(ip.log, P.ip_sends, P.ip_window, now) end
local pause = math.max(last + P.cooldown - now, 0)

local function answer(outcome, expires, wait_ms, resend)
  return {outcome, now, expires, wait_ms, left, reset, pause, ip_left, ip_reset,
    math.max(P.max_failures - failures, 0), resend, r.locked_until, r.level, epoch}
end

local refusal, longest
if r.disabled then
  refusal, longest = SUBJECT_DISABLED, 0
elseif r.locked_until > now then
  refusal, longest = SUBJECT_LOCKED, r.locked_until - now
else
  longest = 0
  if pause > longest then refusal, longest = RESEND_COOLDOWN, pause end
  if wait > longest then refusal, longest = QUOTA_SUBJECT, wait end
  if ip_wait > longest then refusal, longest = QUOTA_IP, ip_wait end
end
if refusal then
  emit(EVENT_SEND, refusal, epoch, now, failures, r.level, now + longest, ARGV[4])
  return answer(refusal, 0, longest, 0)
end

local keep = 0
local function spend(l)
  local spent, kept = log_add(l, P.sends, P.window, now)
  keep = math.max(keep, kept)
  return spent
end
local ended, resend = {}, 0
if not entry then
  local dropped = purpose_room(r, now, epoch)
  if dropped and dropped.outcome ~= SUPERSEDED then
    ended[1] = {dropped.generation, verification_state(dropped, now, epoch), dropped.expires + dropped.lifetime}
  end
  entry = {tag = tag, failures = 0, guard = 0, run = 0}
  r.purposes[#r.purposes + 1] = entry
end
local old = entry.verification
if old then
  local state = verification_state(old, now, epoch)
  if state == PENDING then
    resend = 1
  elseif state ~= SUPERSEDED then
    ended[#ended + 1] = {old.generation, state, old.expires + old.lifetime}
  end
  entry.verification = nil
end
purpose_cap_pending(r, now, epoch)
entry.verification = {generation = string.sub(candidate, 1, 12), spelling = string.sub(candidate, 13, 20),
  kid = string.sub(candidate, 21, 24), epoch = epoch, outcome = PENDING, length = string.byte(candidate, 25),
  expires = now + P.lifetime, lifetime = P.lifetime, digest = string.sub(candidate, 26)}
if P.own_sends then own.log = spend(own.log) else r.log = spend(r.log) end
if P.own_cooldown then own.last = now else r.last_send = now end
if P.own_sends or P.own_cooldown then entry.own = own end
r.ends = math.max(r.ends, now + math.max(keep, P.cooldown))

emit(EVENT_SEND, ISSUED, epoch, now, failures, r.level, now + P.lifetime, ARGV[4])
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[4], ended, now) end
if KEYS[5] then
  ip.log, keep = log_add(ip.log, P.ip_sends, P.ip_window, now)
  ip_save(KEYS[5], ip, now, keep)
  ip_left = ip_left - 1
  if ip_reset == 0 then ip_reset = P.ip_window end
end
if P.sends > 0 then
  left = left - 1
  if reset == 0 then reset = P.window end
end
pause = P.cooldown
return answer(ISSUED, now + P.lifetime, math.max(P.cooldown,
  left == 0 and reset or 0, ip_left == 0 and ip_reset or 0), resend)
