-- What check, claim and settle share: which verification is meant, what stops the call, and the answer's form.

-- check_look(record, ip, ip key or nil, policy, now, epoch, target, form, forgotten) -> entry, verification, its state,
-- why it goes no further or nil, when that ends
-- target: purpose tag (4) spelling (8) generation (12, or nothing where no id was given)
-- form: length of the code (1), whether a code issued now would look like it (1), whether all its characters are of the
-- configured alphabet (1), tag of that alphabet (1). A code issued under another alphabet is compared with whatever came.
local function check_look(r, ip, ip_key, p, now, epoch, target, form, forgotten)
  local length, shaped, of_alphabet, alphabet = string.byte(form, 1, 4)
  local entry = purpose_find(r, string.sub(target, 1, 4))
  local v, state = target_find(r, entry, string.sub(target, 5, 12), string.sub(target, 13), forgotten, now, epoch)
  if v then shaped = v.length == length and (v.alphabet ~= alphabet or of_alphabet == 1) and 1 or 0 end
  if shaped == 0 then return entry, v, state, INVALID_CODE, 0 end
  if r.disabled then return entry, v, state, SUBJECT_DISABLED, 0 end
  if r.locked_until > now then return entry, v, state, SUBJECT_LOCKED, r.locked_until end
  local blocked = ip_key and ip_blocked(ip, p, now) or 0
  if blocked > 0 then return entry, v, state, IP_BLOCKED, now + blocked end
  if state ~= PENDING then return entry, v, state, state, 0 end
  return entry, v, state, nil, 0
end

-- check_answer(outcome, record, verification or nil, ip, ip key or nil, policy, now, ends, attempts left or nil) ->
-- packed: u8 outcome, u48 now, u16 attempts left, u48 locked until, u8 level, u8 length, u32 epoch, u48 expires,
-- u32 lifetime, u8 alphabet, u48 reset, u48 ends, i48 ip left, u48 ip reset, u8 n, n bytes of generation; times in ms
local function check_answer(outcome, r, v, ip, ip_key, p, now, ends, attempts)
  local reset = record_failures(r) > 0 and r.last_failure + p.memory - now or 0
  local ip_left, ip_reset = -1, 0
  if ip_key then
    local _
    _, ip_left, ip_reset = ip_blocked(ip, p, now)
  end
  local generation = v and v.generation or ''
  return struct.pack('>BI6I2I6BBI4I6I4BI6I6i6I6Bc0', outcome, now, attempts or attempt_left(r, p, now), r.locked_until,
    r.level, v and v.length or 0, v and v.epoch or 0, v and v.expires or 0, v and v.lifetime or 0, v and v.alphabet or 0,
    reset, ends, ip_left, ip_reset, #generation, generation)
end

-- check_counts(outcome) -> whether it counts against the client's network: every verdict that lets nobody in does
local function check_counts(outcome)
  return outcome == WRONG_CODE or outcome == WRONG_CODE_LOCKS or outcome == WRONG_CODE_DISABLES
    or (outcome >= USED and outcome <= NOT_FOUND)
end

-- check_reused(known, record, ip, ip key, policy, now, epoch, target, form, forgotten) -> what a call hears whose key came
-- with another body before: so, unless what came with it now can be no code at all, which is said first
local function check_reused(known, r, ip, ip_key, p, now, epoch, target, form, forgotten)
  local _, v, _, verdict = check_look(r, ip, ip_key, p, now, epoch, target, form, forgotten)
  return verdict == INVALID_CODE and check_answer(verdict, r, v, ip, ip_key, p, now, 0) or known
end
