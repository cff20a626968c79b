-- record_settle(record, now, memory): what time alone ends. Called first by every script, so that what lies in the
-- record and has run out is never seen.
local function record_settle(r, now, memory)
  local forget = now - r.last_failure >= memory
  local forget_runs = now - r.last_failure >= HARD_STOP_MEMORY_MS
  if r.locked_until > 0 and now >= r.locked_until + memory then
    r.level, r.lock_reason, r.locked_at, r.locked_until, r.lock_failures = 0, 0, 0, 0, 0
  end
  if now >= r.ends then r.log, r.last_send = log_new(), 0 end
  local kept = {}
  for i = 1, #r.purposes do
    local p = r.purposes[i]
    local v = p.verification
    if forget then p.failures, p.guard = 0, 0 end
    if forget_runs then p.run = 0 end
    if now >= r.ends then p.own, p.reserved = nil, nil end
    if v and now >= v.expires + v.lifetime then p.verification = nil end
    if not p.verification then p.answer = nil end
    if p.verification or p.own or p.reserved or p.failures + p.guard + p.run > 0 then kept[#kept + 1] = p end
  end
  r.purposes = kept
end

-- record_failures(record) -> failures that count towards a lock, wrong codes that count towards the hard stop
local function record_failures(r)
  local sum, run = 0, 0
  for i = 1, #r.purposes do
    local p = r.purposes[i]
    sum, run = sum + p.failures + p.guard, run + p.run
  end
  return sum, run
end
