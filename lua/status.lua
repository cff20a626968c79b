-- Looks at one subject; changes nothing.
-- KEYS   1 record  2 epoch
-- ARGV   1 limits  2 purpose tag (4)
-- Returns {now, disabled, locked until, level, wait, sends in the last hour, sends left, failures, attempts left,
--          last send, last attempt, pending}; times in ms, 0 = never, "left" is -1 where no quota is on
if #ARGV ~= 2 or #KEYS ~= 2 then error({err = 'OTPARITY status'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local last = r.last_send
for i = 1, #r.purposes do
  local own = r.purposes[i].own
  if own then last = math.max(last, own.last, own.log.at[#own.log.at] or 0) end
end
last = math.max(last, r.log.at[#r.log.at] or 0)

local hour, pending = log_used(r.log, LOG_KEEP_MS, now), 0
for i = 1, #r.purposes do
  local p = r.purposes[i]
  if p.own then hour = hour + log_used(p.own.log, LOG_KEEP_MS, now) end
  if p.verification and verification_state(p.verification, now, epoch) == PENDING then pending = pending + 1 end
end
local entry = purpose_find(r, ARGV[2])
local own = entry and entry.own or {last = 0, log = log_new()}
local left, wait = -1, 0
if P.sends > 0 then left, wait = log_room(P.own_sends and own.log or r.log, P.sends, P.window, now) end
wait = math.max(wait, (P.own_cooldown and own.last or r.last_send) + P.cooldown - now)

local failures, attempts_left = record_failures(r), 0
local locked = r.locked_until > now
if locked then
  failures, wait = r.lock_failures, math.max(wait, r.locked_until - now)
elseif not r.disabled then
  attempts_left = math.max(P.max_failures - failures, 0)
end
return {now, r.disabled and 1 or 0, locked and r.locked_until or 0, r.level, wait, hour, left, failures, attempts_left,
  last, r.last_attempt, pending}
