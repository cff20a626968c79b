-- standing(subject, log or false, own pause or false) -> how a subject stands, over all purposes: now, disabled, locked until, level,
-- wait, sends in the last hour, sends left, failures, attempts left, last send, last attempt, pending. Times in ms, 0 = never;
-- "left" is -1 where no quota is on.
local function standing(s, log, pause)
  local last, hour, pending = s.last_send, 0, 0
  for field, value in pairs(subject_fields(s)) do
    local kind = string.match(field, '^%a+')
    if kind == 'pause' then
      last = math.max(last, (struct.unpack('>I6', whole(value, 6))))
    elseif kind == 'sends' then
      hour = hour + log_used(value, HOUR_MS, s.now)
    elseif kind == 'code' and code_state(s, code_read(value)) == PENDING then
      pending = pending + 1
    end
  end
  local l = sends_look(s, log, pause, nil)
  local failures, wait = s.failures, math.max(l.wait, l.pause)
  local locked = s.locked_until > s.now
  if locked then failures, wait = s.lock_failures, math.max(wait, s.locked_until - s.now) end
  return {s.now, s.disabled and 1 or 0, locked and s.locked_until or 0, s.level, wait, hour, l.left, failures, attempt_left(s),
    last, s.last_attempt, pending}
end
