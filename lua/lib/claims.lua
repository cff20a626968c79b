-- Claims: attempts that were charged and whose codes are being compared by a sidecar. A claim that is not settled in
-- CLAIM_MS never will be: its sidecar is gone, and the charge stands.
local CLAIM_MS, CLAIMS_MAX = 5000, 200

-- claim_find(record, id) -> claim, index
local function claim_find(r, id)
  for i = 1, #r.claims do
    if r.claims[i].id == id then return r.claims[i], i end
  end
end

-- claim_fail(record, claim, now, epoch): what a claim reached becomes final
local function claim_fail(r, c, now, epoch)
  if c.reached % 2 == 1 then lock_seal(r, now, epoch) end
  if c.reached >= 2 then burn(r, now, epoch) end
end

-- claims_close(record, epoch, now): the next script that finds claims unsettled writes their events. True if there were.
-- The event's context is that of the subject alone.
local function claims_close(r, epoch, now)
  local kept = {}
  for i = 1, #r.claims do
    local c = r.claims[i]
    if now - c.at < CLAIM_MS then
      kept[#kept + 1] = c
    else
      local ref = string.sub(KEYS[1], -16)
      claim_fail(r, c, now, epoch)
      emit(EVENT_CHECK, UNSETTLED, epoch, now, c.failures, r.level, 0, ref)
      if c.reached % 2 == 1 then
        emit(EVENT_LOCKOUT, SUBJECT_LOCKED, epoch, now, c.failures, r.level, r.locked_until, ref)
      end
      if c.reached >= 2 then emit(EVENT_DISABLE, SUBJECT_DISABLED, epoch, now, c.failures, r.level, 0, ref) end
    end
  end
  local closed = #kept < #r.claims
  r.claims = kept
  return closed
end

-- claims_forgive(record, generation): the right code came for this generation. Lifts the lock or the disabling that a
-- claim of the same generation began and nobody sealed. True if a lock was lifted, true if a disabling was.
local function claims_forgive(r, claims, generation)
  local lifted, enabled = false, false
  for i = 1, #claims do
    local c = claims[i]
    if c.generation == generation then
      if c.reached % 2 == 1 then
        r.level, r.lock_reason, r.locked_at, r.locked_until, r.lock_failures = struct.unpack('>BBI6I6I2', c.before)
        lifted = true
      end
      if c.reached >= 2 then r.disabled, enabled = false, true end
      c.reached = 0
    end
  end
  return lifted, enabled
end
