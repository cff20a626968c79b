-- Which verification a call means, and what stops a check of it.
-- target: spelling (8), u48 when the id is forgotten, ms, generation (12), or nothing where no id was given
-- form: length of the code (1), whether a code issued now would look like it (1), whether all its characters are of the
-- configured alphabet (1), tag of that alphabet (1)

-- target_find(subject, target) -> code or nil, its state, its marks: by generation where it came with an id, else by purpose and
-- exact spelling
local function target_find(s, target)
  local code = s.code
  if #target == 14 then
    if code and code.spelling == string.sub(target, 1, 8) then return code, s.state, code.marks end
    return nil, NOT_FOUND, 0
  end
  local generation = string.sub(target, 15)
  if s.now >= struct.unpack('>I6', target, 9) then return nil, NOT_FOUND, 0 end
  if code and code.generation == generation then return code, s.state, code.marks end
  local outcome, marks = history_find(s.keys, generation)
  if outcome then return nil, outcome, marks end
  -- An id that is authentic and not forgotten had its place here: in a record that is still there, it lost it to others.
  return nil, s.seen > 0 and SUPERSEDED or NOT_FOUND, 0
end

-- check_look(subject, network or nil, target, form) -> code or nil, why it goes no further or nil, when that ends. A code issued
-- under another alphabet is compared with whatever came.
local function check_look(s, n, target, form)
  local length, shaped, of_alphabet, alphabet = string.byte(form, 1, 4)
  local code, state = target_find(s, target)
  if code then shaped = code.length == length and (code.alphabet ~= alphabet or of_alphabet == 1) and 1 or 0 end
  if shaped == 0 then return code, INVALID_CODE, 0 end
  local refusal, ends = stopped(s, n)
  if refusal then return code, refusal, ends end
  if state ~= PENDING then
    if code then code_expired(s) end
    return code, state, 0
  end
  if not s.digest then damaged(1) end
  return code, nil, 0
end

-- check_counts(outcome) -> whether it counts against the client's network: every verdict that lets nobody in does
local function check_counts(outcome)
  return outcome == WRONG_CODE or outcome == WRONG_CODE_LOCKS or outcome == WRONG_CODE_DISABLES
    or (outcome >= USED and outcome <= NOT_FOUND)
end

-- check_answer(subject, outcome, code or nil, network or nil, ends, attempts left or nil) -> packed: u8 outcome, u48 now,
-- u16 attempts left, u48 locked until, u8 level, u8 length, u32 epoch, u48 expires, u32 lifetime, u8 alphabet, u48 reset,
-- u48 ends, i48 ip left, u48 ip reset, u8 n, n bytes of generation; times in ms
local function check_answer(s, outcome, code, n, ends, attempts)
  local reset = s.failures > 0 and s.last_failure + s.p.memory - s.now or 0
  local _, ip_left, ip_reset = network_blocked(n, s.p)
  if not code then
    return struct.pack('>BI6I2I6BBI4I6I4BI6I6i6I6B', outcome, s.now, attempts or attempt_left(s), s.locked_until, s.level,
      0, 0, 0, 0, 0, reset, ends, ip_left, ip_reset, 0)
  end
  return struct.pack('>BI6I2I6BBI4I6I4BI6I6i6I6B', outcome, s.now, attempts or attempt_left(s), s.locked_until, s.level,
    code.length, code.epoch, code.expires, code.lifetime, code.alphabet, reset, ends, ip_left, ip_reset, 12) .. code.generation
end

-- check_refuse(subject, code or nil, verdict, network or nil, ends, context) -> the answer to a check that compares nothing
local function check_refuse(s, code, verdict, n, ends, context)
  if verdict ~= INVALID_CODE then emit(s, EVENT_CHECK, verdict, s.failures, ends, context) end
  if check_counts(verdict) then network_fail(n, s.p) end
  mend(s, n)
  return check_answer(s, verdict, code, n, ends)
end

-- check_reused(known, subject, network or nil, target, form) -> what a call hears whose key came with another body before: so, unless
-- what came with it now can be no code at all, which is said first
local function check_reused(known, s, n, target, form)
  local code, verdict = check_look(s, n, target, form)
  return verdict == INVALID_CODE and check_answer(s, verdict, code, n, 0) or known
end

-- check_wrong(subject, code, network or nil, context) -> the verdict on a wrong code, and the answer
local function check_wrong(s, code, n, context)
  local locks, disables = attempt_charge(s, 'own')
  local failures, verdict = s.failures, attempt_verdict(locks, disables)
  if locks then lock_begin(s) end
  if disables then disable(s) end
  if locks then lock_seal(s) elseif disables then burn(s) end
  attempt_events(s, EVENT_CHECK, verdict, failures, locks, disables, context)
  network_fail(n, s.p)
  save(s, n)
  return verdict, check_answer(s, verdict, code, n, 0)
end
