-- Which verification a call means, and what stops a check of it.
-- target: spelling (8), u48 when the id is forgotten, ms, generation (12), or nothing where no id was given
-- form: length of the code (1), whether a code issued now would look like it (1), whether all its characters are of the
-- configured alphabet (1), tag of that alphabet (1), then an entry for each pepper of the ring, kid (4) first

-- target_find(subject, target) -> code or nil, its state, its marks: by generation where an id was given, else by spelling
local function target_find(s, target)
  local code, spelling, forgotten, at = s.code, parse('>c8I6', target)
  local generation = sub(target, at)
  if generation == '' then
    if code and code.spelling == spelling then return code, s.state, code.marks end
    return nil, NOT_FOUND, 0
  end
  if s.now >= forgotten then return nil, NOT_FOUND, 0 end
  if code and code.generation == generation then return code, s.state, code.marks end
  local outcome, marks = history_find(s, generation)
  -- An id that is authentic and not forgotten had its place here: in a record that is still there, it lost it to others.
  return nil, outcome or s.ends > 0 and SUPERSEDED or NOT_FOUND, marks or 0
end

-- check_look(subject, target, form) -> code or nil, why it goes no further or nil, when that ends
local function check_look(s, target, form)
  local length, shaped, of_alphabet, alphabet = byte(form, 1, 4)
  local code, state = target_find(s, target)
  if code then
    local of_length, of = byte(code.bytes, 21, 22)
    -- A code issued under another alphabet is compared with whatever came.
    shaped = of_length == length and (of ~= alphabet or of_alphabet == 1) and 1 or 0
  end
  if shaped == 0 then return code, INVALID_CODE, 0 end
  local refusal, ends = stopped(s, s.network)
  if refusal then return code, refusal, ends end
  if state ~= PENDING then
    if code then code_expired(s) end
    return code, state, 0
  end
  if not s.digest then damaged('record') end
  return code, nil, 0
end

-- check_counts(outcome) -> whether it counts against the client's network: every verdict that lets nobody in does
local function check_counts(outcome)
  return outcome >= USED and outcome <= NOT_FOUND or outcome >= WRONG_CODE and outcome <= WRONG_CODE_DISABLES
end

-- check_answer(subject, outcome, code or nil, ends or nil, attempts left or nil) -> u8 outcome, u48 now, u16 attempts left, u48 locked
-- until, u8 level, u48 reset, u48 ends, i48 ip left, u48 ip reset, u8 n, n bytes of the code; times in ms. Of a success: where its
-- message went
local function check_answer(s, outcome, code, ends, attempts)
  local reset = s.failures > 0 and s.last_failure + s.p.memory - s.now or 0
  local bytes, _, ip_left, ip_reset = code and code.bytes or '', network_blocked(s.network)
  return pack('>BI6I2I6BI6I6i6I6Bc0c0', outcome, s.now, attempts or failures_left(s), s.lock.ends, s.lock.level, reset, ends or 0,
    ip_left, ip_reset, #bytes, bytes, outcome == APPROVED and s.proven or '')
end

-- check_refuse(subject, code or nil, verdict, ends, answer or nil) -> the answer to a check that compares nothing
local function check_refuse(s, code, verdict, ends, answer)
  if verdict ~= INVALID_CODE then emit(s, EVENT_CHECK, verdict, s.failures, ends) end
  if check_counts(verdict) then network_fail(s.network) end
  mend(s)
  local reply = check_answer(s, verdict, code, ends)
  if verdict <= NOT_FOUND then answer_keep(answer, reply) end
  return reply
end

-- ring_find(form, bytes of an entry, digest) -> where the entry of its kid begins, or nil
local function ring_find(form, size, digest)
  for pos = 5, #form, size do
    if sub(form, pos, pos + 3) == sub(digest, 1, 4) then return pos end
  end
end

-- check_begin(keys, args, bytes of an entry of the ring) -> what is answered at once or nil, subject, code, where the entry of its
-- kid begins, answer or nil. That what came can be no code is said before that its key came with another body.
local function check_begin(keys, args, size)
  local answer, form = answer_of(keys, args, args[7]), args[6]
  local known = answer_look(answer)
  if known and known[1] ~= KEY_REUSED then return known end
  local s = subject_open(keys, args)
  if not known then claims_close(s) end
  local code, verdict, ends = check_look(s, args[5], form)
  if known then return verdict == INVALID_CODE and check_answer(s, verdict, code) or known end
  local pos = not verdict and ring_find(form, size, s.digest)
  -- Of a pepper that left the ring nobody can tell any more, so it counts for nothing.
  if not pos then return check_refuse(s, code, verdict or EXPIRED, ends, answer) end
  return nil, s, code, pos, answer
end
