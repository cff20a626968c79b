-- Claims: attempts that were charged and whose codes a sidecar is comparing, claim:<id>. One that is not settled in CLAIM_MS
-- never will be: its sidecar is gone, and the charge stands.
local CLAIM_MS, CLAIMS_MAX = 5000, 200
local function claim_read(value)
  if #value ~= 27 and #value ~= 43 then damaged('record') end
  local generation, at, prior, failures, reached, before = parse('>c12I6I6I2B', value)
  if locks(reached) and before > #value then damaged('record') end
  return {generation = generation, at = at, prior = prior, failures = failures, reached = reached, before = sub(value, before)}
end

local function claim_bytes(c)
  return pack('>c12I6I6I2Bc0', c.generation, c.at, c.prior, c.failures, c.reached, locks(c.reached) and c.before or '')
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
      set(s, field, nil)
    end
  end)
  -- What cannot be read is found before anything is written.
  for _, c in ipairs(ended) do attempt_seal(s, c.reached) end
  for _, c in ipairs(ended) do
    emit(s, EVENT_CHECK, UNSETTLED, c.failures, 0, ref)
    attempt_reached(s, c.reached, c.failures, ref)
  end
  s.open, s.oldest, s.counted, s.mended = open, oldest, true, true
end

-- claim_forgive(subject, claim): ends what this claim began and nobody sealed (`lifted` a lock, `enabled` a stop)
local function claim_forgive(s, c)
  if c.reached > 0 then index_open(s) end
  if locks(c.reached) then s.lock, s.relocked, s.lifted = lock_read(c.before), true, true end
  if disables(c.reached) then
    enable(s)
    s.enabled = true
  end
  c.reached = 0
end

-- claims_forgive(subject, its field, claim): the same of all claims of its generation: the right code came. The others stay open.
local function claims_forgive(s, field, claim)
  claim_forgive(s, claim)
  if not s.disabled and s.lock.ends <= s.now then return end
  each_claim(s, function(c, other)
    if other == field or c.generation ~= claim.generation or c.reached == 0 then return false end
    claim_forgive(s, c)
    return true
  end)
end
