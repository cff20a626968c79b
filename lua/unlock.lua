-- An operator ends what stops a subject: lock, hard stop, failures and level; with args 5 '1' quotas and pauses too, which stay
-- else. No code comes back: what the lock had not burnt yet, since the comparison that began it is not over, is burnt now. Comparisons
-- that are open stay charged where their codes live on, so that no guess is given back.
-- Returns {1 if there was something to end, else 0}

-- recharge(subject, whether its codes are burnt): what is being compared counts still, against the purpose of its code
local function recharge(s, burnt)
  local purposes, counts = {}, {}
  each(s, 'code', function(purpose, value) purposes[code_read(value).generation] = purpose end)
  each_claim(s, function(claim)
    local purpose = not burnt and purposes[claim.generation]
    if purpose then counts[purpose] = (counts[purpose] or 0) + 1 end
    claim.reached = 0
    return true
  end)
  for purpose, count in pairs(counts) do
    local run = s.p.hard_stop > 0 and count or 0
    s.failures, s.run = s.failures + count, s.run + run
    set(s, names_of[purpose].failures, counts_bytes(count, 0, run))
  end
end

-- sends_forget(subject): the next send is the first, but when the last one was stays known -> whether any counted
local function sends_forget(s)
  local found = s.last_send + s.p.cooldown > s.now
  s.last_send = min(s.last_send, max(s.now - s.p.cooldown, 0))
  for field in pairs(s.fields) do
    local kind = kinds[field]
    if kind == 'sends' or kind == 'pause' then
      found = true
      set(s, field, nil)
    end
  end
  return found
end

-- unlock_begin(keys, args) -> subject, whether it was locked, whether there was something to end, failures that counted; nothing is
-- written yet
local function unlock_begin(keys, args)
  local s = subject_open(keys, args)
  index_open(s)
  local locked, failures = s.lock.ends > s.now, s.failures
  local held, stopped = s.disabled or s.lock.ends > 0 or failures + s.run > 0, locked or s.disabled
  if args[5] == '1' then held = sends_forget(s) or held end
  if stopped then burn(s) end
  s.run = 0
  failures_clear(s)
  recharge(s, stopped)
  return s, locked, held, failures
end

register_event('unlock', {'allow-oom'}, function(keys, args)
  local read, s, locked, held, failures = pcall(unlock_begin, keys, args)
  if read then
    local before = s.lock
    enable(s)
    set(s, 'lock', nil)
    s.lock = {level = before.level, ends = 0}
    emit(s, EVENT_ADMIN_UNLOCK, held and RECORDED or NOT_FOUND, locked and before.failures or failures, locked and before.ends or 0)
    if held then save(s) else mend(s) end
  else
    -- A record that cannot be read refuses its subject for good: an operator's word puts an empty one in its place. Not one of a
    -- later version, which somebody can read, nor where Redis itself refused.
    if type(s) == 'table' and s.err ~= 'OTPRECORD record' then error(s) end
    event_of(EVENT_ADMIN_UNLOCK, RECORDED, clock_ms(), 0, 0, args[4])
    call('DEL', keys[1])
    held = true
  end
  index_drop(keys[1], 'locked')
  index_drop(keys[1], 'disabled')
  return {held and 1 or 0}
end)
