-- Claims: attempts that were charged and whose codes a sidecar is comparing, claim:<id>. One that is not settled in CLAIM_MS
-- never will be: its sidecar is gone, and the charge stands.
local CLAIM_MS, CLAIMS_MAX, REACHED_LOCK, REACHED_STOP = 5000, 200, 1, 2
local function claim_read(value)
  local c, reached = {before = sub(value, 28)}, nil
  if #value ~= 27 and #value ~= 43 then damaged('record') end
  c.generation, c.at, c.prior, c.failures, reached = parse('>c12I6I6I2B', value)
  c.locks, c.disables = reached % 2 == REACHED_LOCK, reached >= REACHED_STOP
  if c.locks and c.before == '' then damaged('record') end
  return c
end

local function claim_bytes(c)
  local reached = (c.locks and REACHED_LOCK or 0) + (c.disables and REACHED_STOP or 0)
  return pack('>c12I6I6I2Bc0', c.generation, c.at, c.prior, c.failures, reached, c.locks and c.before or '')
end

-- each_claim(subject, visit): calls visit(claim, field) for each, and writes those that it changed, which it says by `true`
local function each_claim(s, visit)
  each(s, 'claim', function(_, value, field)
    local c = claim_read(value)
    if visit(c, field) then set(s, field, claim_bytes(c)) end
  end)
end

-- claims_close(subject): the next call that finds claims unsettled writes their events, whose context is that of the subject alone
local function claims_close(s)
  if s.open == 0 or (s.oldest <= s.now and s.now - s.oldest < CLAIM_MS) then return end
  local ref, open, oldest, ended = sub(s.key, -16), 0, s.now, {}
  each_claim(s, function(c, field)
    if c.at <= s.now and s.now - c.at < CLAIM_MS then
      open, oldest = open + 1, min(oldest, c.at)
    else
      ended[#ended + 1] = c
      del(s, field)
    end
  end)
  -- What cannot be read is found before anything is written.
  for _, c in ipairs(ended) do attempt_seal(s, c.locks, c.disables) end
  for _, c in ipairs(ended) do
    emit(s, EVENT_CHECK, UNSETTLED, c.failures, 0, ref)
    attempt_reached(s, c.locks, c.disables, c.failures, ref)
  end
  s.open, s.oldest, s.counted, s.mended = open, oldest, true, true
end

-- claims_of(subject, generation) -> whether one of them began the lock, whether one disabled the subject
local function claims_of(s, generation)
  local lock, stop = false, false
  each_claim(s, function(c)
    if c.generation == generation then lock, stop = lock or c.locks, stop or c.disables end
  end)
  return lock, stop
end

-- claim_forgive(subject, claim) -> whether a lock was lifted, whether a disabling was, that this claim began and nobody sealed
local function claim_forgive(s, c)
  if c.locks or c.disables then index_open(s) end
  if c.locks then s.lock, s.relocked = lock_read(c.before), true end
  if c.disables then enable(s) end
  return c.locks, c.disables
end

-- claims_forgive(subject, its field, claim) -> the same of all claims of its generation: the right code came. The others stay open.
local function claims_forgive(s, field, claim)
  local lifted, enabled = claim_forgive(s, claim)
  if not s.disabled and s.lock.ends <= s.now then return lifted, enabled end
  each_claim(s, function(c, other)
    if other == field or c.generation ~= claim.generation or not (c.locks or c.disables) then return false end
    local lock, stop = claim_forgive(s, c)
    lifted, enabled, c.locks, c.disables = lifted or lock, enabled or stop, false, false
    return true
  end)
  return lifted, enabled
end
