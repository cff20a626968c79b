-- The code of a purpose: the fields code:<purpose>, digest:<purpose> and replaced:<purpose>.
-- A digest is a kid (4), for argon2id cost and salt, and a hash of 16 bytes; one without cost and salt has SHORT_DIGEST.
local MARK_REPORTED = 4
local CODE_BYTES, HASH_BYTES, SHORT_DIGEST, REPLACED_BYTES = 38, 16, 20, 22

local function code_read(value)
  if #value ~= CODE_BYTES and #value ~= CODE_BYTES + 16 then damaged(1) end
  local generation, spelling, epoch, outcome, marks, length, alphabet, expires, lifetime = struct.unpack('>c12c8I4BBBBI6I4', value)
  if outcome > EXPIRED then error({err = 'OTPVERSION 1'}) end
  return {generation = generation, spelling = spelling, epoch = epoch, outcome = outcome, marks = marks, length = length,
    alphabet = alphabet, expires = expires, lifetime = lifetime, answer = string.sub(value, CODE_BYTES + 1)}
end

local function code_bytes(c)
  return struct.pack('>c12c8I4BBBBI6I4', c.generation, c.spelling, c.epoch, c.outcome, c.marks, c.length, c.alphabet,
    c.expires, c.lifetime) .. c.answer
end

-- code_state(subject, code) -> its state now; one issued in an earlier epoch is void
local function code_state(s, c)
  if c.outcome == PENDING and (s.now >= c.expires or c.epoch ~= s.epoch) then return EXPIRED end
  return c.outcome
end

-- code_finish(subject, code, outcome): a code that ends before its time is counted so, and the sealed answer that holds it
-- (otp:{tag}:c:<ref>, in the record's own slot) goes
local function code_finish(s, c, outcome)
  if c.outcome == PENDING and outcome ~= EXPIRED and c.expires > s.now then s.ended = s.ended .. struct.pack('>I6', c.expires) end
  c.outcome = outcome
  if c.answer ~= '' then
    s.erase = s.erase or {}
    s.erase[#s.erase + 1] = string.sub(s.key, 1, 10) .. 'c:' .. c.answer
    c.answer = ''
  end
end

-- code_end(subject, purpose, code, outcome): it keeps its outcome and loses its digest, and those that it replaced
local function code_end(s, purpose, c, outcome)
  code_finish(s, c, outcome)
  set(s, 'code:' .. purpose, code_bytes(c))
  del(s, 'digest:' .. purpose)
  del(s, 'replaced:' .. purpose)
  if c == s.code then s.state, s.digest = outcome, false end
end

-- code_expired(subject): the first call that sees its code expired says so for good, whatever the clock does
local function code_expired(s)
  if s.state ~= EXPIRED or s.code.outcome ~= PENDING then return end
  code_end(s, s.purpose, s.code, EXPIRED)
  s.mended = true
end

-- burn(subject): a lock burns every code that is still live; one that expired unseen stays so
local function burn(s)
  each(s, 'code', function(purpose, value)
    local c = purpose == s.purpose and s.code or code_read(value)
    if c.outcome == PENDING then code_end(s, purpose, c, code_state(s, c) == PENDING and BURNT or EXPIRED) end
  end)
  each(s, 'reserved', function(_, _, field) del(s, field) end)
end

-- replaced_keep(subject, replaced or false, digest that is replaced, when its code expires, the new digest) -> the last two replaced
-- hashes, each u48 when its code would have expired, hash. Of use are only those that one hash of a typed code can be compared
-- with: of the same pepper, cost and salt as the new one; one that equals it is that one.
local function replaced_keep(s, replaced, digest, expires, new)
  local head, hash, kept = string.sub(new, 1, -HASH_BYTES - 1), string.sub(new, -HASH_BYTES), ''
  local all = (replaced or '') .. (digest and struct.pack('>I6', expires) .. string.sub(digest, -HASH_BYTES) or '')
  if digest and string.sub(digest, 1, -HASH_BYTES - 1) ~= head then return '' end
  for pos = 1, #all, REPLACED_BYTES do
    local one = string.sub(all, pos, pos + REPLACED_BYTES - 1)
    if string.sub(one, 7) ~= hash and struct.unpack('>I6', one) > s.now then kept = kept .. one end
  end
  return string.sub(kept, -2 * REPLACED_BYTES)
end

-- replaced_has(subject, replaced or false, hash) -> whether it is that of a replaced code that would not have expired yet
local function replaced_has(s, replaced, hash)
  for pos = 1, replaced and #replaced or 0, REPLACED_BYTES do
    if string.sub(replaced, pos + 6, pos + REPLACED_BYTES - 1) == hash and struct.unpack('>I6', replaced, pos) > s.now then return true end
  end
  return false
end

-- code_remember(subject, code, state): its place is taken; superseded ones are known by their absence
local function code_remember(s, c, state)
  if state ~= SUPERSEDED or c.marks >= MARK_REPORTED then
    history_later(s, c.generation, state + 16 * c.marks, c.expires + c.lifetime)
  end
end

-- code_place(subject, candidate, replaced or false, answer) -> 1 if it took the place of one that was live.
-- candidate: generation (12) spelling (8) length (1) alphabet (1) digest; answer: reference of its sealed answer or ''
local function code_place(s, candidate, replaced, answer)
  local old, digest, resend, kept, p = s.code, string.sub(candidate, 23), 0, '', s.p
  if old and s.state == PENDING then
    kept, resend = replaced_keep(s, replaced, s.digest, old.expires, digest), 1
  elseif old then
    code_remember(s, old, s.state)
  end
  if old then code_finish(s, old, SUPERSEDED) end
  local generation, spelling, length, alphabet = struct.unpack('c12c8BB', candidate)
  local c = {generation = generation, spelling = spelling, epoch = s.epoch, outcome = PENDING, marks = 0, length = length,
    alphabet = alphabet, expires = s.now + p.lifetime, lifetime = p.lifetime, answer = answer}
  set(s, 'code:' .. s.purpose, code_bytes(c))
  set(s, 'digest:' .. s.purpose, digest)
  if kept ~= '' then set(s, 'replaced:' .. s.purpose, kept) elseif replaced then del(s, 'replaced:' .. s.purpose) end
  s.code, s.state, s.digest = c, PENDING, digest
  raise(s, c.expires + c.lifetime)
  return resend
end
