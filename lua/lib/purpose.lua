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

-- verification_end(v, outcome): a verification that ended keeps its outcome and loses its digest
local function verification_end(v, outcome)
  v.outcome, v.digest = outcome, ''
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
      other = {tag = OTHER_TAG, failures = 0, guard = 0, run = 0}
      r.purposes[#r.purposes + 1] = other
    end
    other.failures = math.min(other.failures + p.failures, 65535)
    other.guard = math.min(other.guard + p.guard, 65535)
    other.run = math.min(other.run + p.run, 65535)
  end
  return p.verification
end

-- purpose_cap_pending(record, now, epoch): one more is about to become pending; the oldest makes room
local function purpose_cap_pending(r, now, epoch)
  local n, oldest = 0, nil
  for i = 1, #r.purposes do
    local v = r.purposes[i].verification
    if v and verification_state(v, now, epoch) == PENDING then
      n = n + 1
      if not oldest or v.expires - v.lifetime < oldest.expires - oldest.lifetime then oldest = v end
    end
  end
  if n >= PENDING_MAX then verification_end(oldest, SUPERSEDED) end
end
