-- What a record holds per purpose.
local PENDING_MAX, PURPOSES_MAX, OTHER_TAG = 16, 32, '\0\0\0\0'

-- purpose_find(record, tag) -> the entry or nil
local function purpose_find(r, tag)
  for i = 1, #r.purposes do
    if r.purposes[i].tag == tag then return r.purposes[i] end
  end
end

-- verification_state(v, now, epoch) -> its state now; one issued in an earlier epoch is void
local function verification_state(v, now, epoch)
  if v.outcome == PENDING and (now >= v.expires or v.epoch ~= epoch) then return EXPIRED end
  return v.outcome
end

-- verification_end(record, entry, outcome): a verification that ended keeps its outcome and loses its digest, and the
-- sealed answer that holds its code (otp:{tag}:c:<ref>, in the record's own slot)
local function verification_end(r, p, outcome)
  if p.verification.outcome == PENDING and outcome ~= EXPIRED then ended_add(p.verification.expires) end
  p.verification.outcome, p.verification.digest = outcome, ''
  if p.answer then
    r.erase = r.erase or {}
    r.erase[#r.erase + 1] = string.sub(KEYS[1], 1, 10) .. 'c:' .. p.answer
    p.answer = nil
  end
end

-- purpose_room(record, now, epoch) -> folds the entry that matters least where the record is full. Its counts go on
-- under OTHER_TAG, so that no failure is forgotten. Returns the verification that was dropped, if any.
local function purpose_room(r, now, epoch)
  if #r.purposes < PURPOSES_MAX then return nil end
  local victim, oldest
  for i = 1, #r.purposes do
    local p = r.purposes[i]
    local v = p.verification
    local live = v and verification_state(v, now, epoch) == PENDING
    if not live and not p.own and p.tag ~= OTHER_TAG and (not oldest or (v and v.expires or 0) < oldest) then
      victim, oldest = i, v and v.expires or 0
    end
  end
  if not victim then return nil end
  local p = table.remove(r.purposes, victim)
  if p.failures + p.guard + p.run > 0 then
    local other = purpose_find(r, OTHER_TAG)
    if not other then
      other = purpose_new(OTHER_TAG)
      r.purposes[#r.purposes + 1] = other
    end
    other.failures = math.min(other.failures + p.failures, 65535)
    other.guard = math.min(other.guard + p.guard, 65535)
    other.run = math.min(other.run + p.run, 65535)
  end
  return p.verification
end

-- purpose_take(record, tag, now, epoch, ended) -> the entry, made where there is none; what had to give way goes to ended
local function purpose_take(r, tag, now, epoch, ended)
  local entry = purpose_find(r, tag)
  if entry then return entry end
  local dropped = purpose_room(r, now, epoch)
  if dropped and (dropped.outcome ~= SUPERSEDED or dropped.marks >= 4) then
    local state = verification_state(dropped, now, epoch)
    ended[#ended + 1] = {dropped.generation, state + 16 * dropped.marks, dropped.expires + dropped.lifetime}
  end
  entry = purpose_new(tag)
  r.purposes[#r.purposes + 1] = entry
  return entry
end

-- purpose_cap_pending(record, now, epoch): one more is about to become pending; the oldest makes room
local function purpose_cap_pending(r, now, epoch)
  local n, oldest = 0, nil
  for i = 1, #r.purposes do
    local v = r.purposes[i].verification
    if v and verification_state(v, now, epoch) == PENDING then
      n = n + 1
      local other = oldest and oldest.verification
      if not other or v.expires - v.lifetime < other.expires - other.lifetime then oldest = r.purposes[i] end
    end
  end
  if n >= PENDING_MAX then verification_end(r, oldest, SUPERSEDED) end
end

-- verification_place(record, entry, candidate, policy, now, epoch, ended, answer) -> 1 if it replaced a pending one.
-- candidate: generation (12) spelling (8) kid (4) length (1) alphabet (1) digest; answer: reference of its sealed answer or nil
local function verification_place(r, entry, candidate, p, now, epoch, ended, answer)
  local resend = 0
  if entry.verification then
    local old = entry.verification
    local state = verification_state(old, now, epoch)
    if state == PENDING then
      resend = 1
    elseif state ~= SUPERSEDED or old.marks >= 4 then
      ended[#ended + 1] = {old.generation, state + 16 * old.marks, old.expires + old.lifetime}
    end
    verification_end(r, entry, SUPERSEDED)
    entry.verification = nil
  end
  purpose_cap_pending(r, now, epoch)
  entry.answer = answer
  entry.verification = {generation = string.sub(candidate, 1, 12), spelling = string.sub(candidate, 13, 20),
    kid = string.sub(candidate, 21, 24), epoch = epoch, outcome = PENDING, marks = 0, length = string.byte(candidate, 25),
    alphabet = string.byte(candidate, 26), expires = now + p.lifetime, lifetime = p.lifetime,
    digest = string.sub(candidate, 27)}
  return resend
end
