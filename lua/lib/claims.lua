-- Claims: attempts that were charged and whose codes are being compared by a sidecar, claim:<id>. A claim that is not settled
-- in CLAIM_MS never will be: its sidecar is gone, and the charge stands.
local CLAIM_MS, CLAIMS_MAX = 5000, 200
local REACHED_LOCK, REACHED_STOP = 1, 2

local function claim_read(value)
  local c = {}
  if #value ~= 27 and #value ~= 43 then damaged(1) end
  c.generation, c.at, c.prior, c.failures, c.reached = struct.unpack('>c12I6I6I2B', value)
  c.before = string.sub(value, 28)
  c.locks, c.disables = c.reached % 2 == REACHED_LOCK, c.reached >= REACHED_STOP
  if c.locks and c.before == '' then damaged(1) end
  return c
end

local function claim_bytes(c)
  return struct.pack('>c12I6I6I2B', c.generation, c.at, c.prior, c.failures,
    (c.locks and REACHED_LOCK or 0) + (c.disables and REACHED_STOP or 0)) .. (c.locks and c.before or '')
end

-- claim_drop(subject, id): it is not open any more
local function claim_drop(s, id)
  del(s, 'claim:' .. id)
  s.open, s.compared = math.max(s.open - 1, 0), true
end

-- claim_fail(subject, claim): what a claim reached becomes final
local function claim_fail(s, c)
  if c.locks then lock_seal(s) elseif c.disables then burn(s) end
end

-- claims_close(subject): the next call that finds claims unsettled writes their events, whose context is that of the subject alone
local function claims_close(s)
  if s.open == 0 or (s.oldest <= s.now and s.now - s.oldest < CLAIM_MS) then return end
  local ref, open, oldest = string.sub(s.key, -16), 0, s.now
  each(s, 'claim', function(_, value, field)
    local c = claim_read(value)
    if c.at <= s.now and s.now - c.at < CLAIM_MS then
      open, oldest = open + 1, math.min(oldest, c.at)
    else
      del(s, field)
      claim_fail(s, c)
      attempt_events(s, EVENT_CHECK, UNSETTLED, c.failures, c.locks, c.disables, ref)
    end
  end)
  s.open, s.oldest, s.compared, s.mended = open, oldest, true, true
end

-- claims_of(subject, generation) -> whether one of them began the lock, whether one disabled the subject
local function claims_of(s, generation)
  local lock, stop = false, false
  each(s, 'claim', function(_, value)
    local c = claim_read(value)
    if c.generation == generation then lock, stop = lock or c.locks, stop or c.disables end
  end)
  return lock, stop
end

-- claim_forgive(subject, claim) -> whether a lock was lifted, whether a disabling was, that this claim began and nobody sealed
local function claim_forgive(s, c)
  if c.locks then
    s.level, s.reason, s.locked_at, s.locked_until, s.lock_failures = struct.unpack('>BBI6I6I2', c.before)
    s.relocked = true
  end
  if c.disables then enable(s) end
  return c.locks, c.disables
end

-- claims_forgive(subject, id, claim) -> the same of all claims of its generation: the right code came. The others stay open.
local function claims_forgive(s, id, claim)
  local lifted, enabled = claim_forgive(s, claim)
  if not s.disabled and s.locked_until <= s.now then return lifted, enabled end
  each(s, 'claim', function(other, value, field)
    local c = claim_read(value)
    if other ~= id and c.generation == claim.generation and c.reached > 0 then
      local lock, stop = claim_forgive(s, c)
      lifted, enabled, c.locks, c.disables = lifted or lock, enabled or stop, false, false
      set(s, field, claim_bytes(c))
    end
  end)
  return lifted, enabled
end

-- claim_return(subject, claim): what it was charged was no failure
local function claim_return(s, c)
  if s.own > 0 then s.own, s.failures = s.own - 1, math.max(s.failures - 1, 0) end
  if s.own_run > 0 then s.own_run, s.run = s.own_run - 1, math.max(s.run - 1, 0) end
  if s.last_failure == c.at then s.last_failure = c.prior end
  s.counted = true
end
