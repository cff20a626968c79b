-- An operator ends what stops a subject: lock, hard stop, failures and level. Quotas and pauses stay, and no code comes
-- back: what the lock had not burnt yet, since the comparison that began it is not over, is burnt now. Comparisons that
-- are open stay charged where their codes live on, so that no guess is given back.
-- Returns {1 if there was something to end, else 0}

-- recharge(subject): what is being compared counts still, against the purpose of its code, unless the codes are burnt
local function recharge(s, stopped)
  local purposes, counts = {}, {}
  each(s, 'code', function(purpose, value) purposes[code_read(value).generation] = purpose end)
  each(s, 'claim', function(_, value, field)
    local claim = claim_read(value)
    local purpose = purposes[claim.generation]
    claim.locks, claim.disables = false, false
    set(s, field, claim_bytes(claim))
    if purpose and not stopped then counts[purpose] = (counts[purpose] or 0) + 1 end
  end)
  for purpose, count in pairs(counts) do
    local run = s.p.hard_stop > 0 and count or 0
    s.failures, s.run = s.failures + count, s.run + run
    set(s, 'failures:' .. purpose, struct.pack('>I2I2I2', count, 0, run))
  end
end

register('unlock', {'allow-oom'}, function(keys, args)
  local s = subject_open(keys, policy_read(args[1]), '')
  local locked, failures, level = s.locked_until > s.now, s.failures, s.level
  local held = s.disabled or s.locked_until > 0 or s.failures + s.run > 0
  local ends = locked and s.locked_until or 0
  if locked then failures = s.lock_failures end
  local stopped = locked or s.disabled
  if stopped then burn(s) end
  s.run = 0
  failures_clear(s)
  recharge(s, stopped)
  enable(s)
  s.level, s.reason, s.locked_at, s.locked_until, s.lock_failures = 0, 0, 0, 0, 0
  del(s, 'lock')

  event_add(keys[3], EVENT_ADMIN_UNLOCK, held and RECORDED or NOT_FOUND, s.epoch_text, s.now, failures, level, ends, args[4] .. ended_take(s))
  if held then save(s, nil) else mend(s, nil) end
  redis.call('ZREM', keys[4], string.sub(keys[1], -16))
  redis.call('ZREM', keys[5], string.sub(keys[1], -16))
  return {held and 1 or 0}
end)
