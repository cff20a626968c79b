-- standing(record, policy, purpose tag, now, epoch) -> how a subject stands, over all purposes: now, disabled, locked
-- until, level, wait, sends in the last hour, sends left, failures, attempts left, last send, last attempt, pending.
-- Times in ms, 0 = never; "left" is -1 where no quota is on.
local function standing(r, p, tag, now, epoch)
  local last, hour, pending = math.max(r.last_send, r.log.at[#r.log.at] or 0), log_used(r.log, LOG_KEEP_MS, now), 0
  for i = 1, #r.purposes do
    local own, v = r.purposes[i].own, r.purposes[i].verification
    if own then
      last = math.max(last, own.last, own.log.at[#own.log.at] or 0)
      hour = hour + log_used(own.log, LOG_KEEP_MS, now)
    end
    if v and verification_state(v, now, epoch) == PENDING then pending = pending + 1 end
  end
  local entry = purpose_find(r, tag)
  local own = entry and entry.own or {last = 0, log = log_new()}
  local left, wait = -1, 0
  if p.sends > 0 then left, wait = log_room(p.own_sends and own.log or r.log, p.sends, p.window, now) end
  wait = math.max(wait, (p.own_cooldown and own.last or r.last_send) + p.cooldown - now)

  local failures, attempts_left = record_failures(r), 0
  local locked = r.locked_until > now
  if locked then
    failures, wait = r.lock_failures, math.max(wait, r.locked_until - now)
  elseif not r.disabled then
    attempts_left = math.max(p.max_failures - failures, 0)
  end
  return {now, r.disabled and 1 or 0, locked and r.locked_until or 0, r.level, wait, hour, left, failures, attempts_left,
    last, r.last_attempt, pending}
end
