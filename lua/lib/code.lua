-- The code of a purpose: the fields code:<purpose>, digest:<purpose> and replaced:<purpose>.
-- A digest is a kid (4), for argon2id cost and salt, and a hash of 16 bytes; without cost and salt it has SHORT_DIGEST.
local MARK_REPORTED, CODE_BYTES, HASH_BYTES, SHORT_DIGEST, LONG_DIGEST, REPLACED_BYTES = 4, 38, 16, 20, 41, 22

-- code_read(value) -> code; `marks` and `answer` only where there are some: with them the table would be twice as large
local function code_read(value)
  if #value ~= CODE_BYTES and #value ~= CODE_BYTES + 16 then damaged('record') end
  local generation, spelling, _, epoch, outcome, marks, expires, lifetime = parse('>c12c8I2I4BBI6I4', value)
  if outcome > EXPIRED then newer('record') end
  local c = {bytes = value, generation = generation, spelling = spelling, epoch = epoch, outcome = outcome, expires = expires,
    lifetime = lifetime}
  if marks > 0 then c.marks = marks end
  if #value > CODE_BYTES then c.answer = sub(value, CODE_BYTES + 1) end
  return c
end

-- code_pack(code or candidate, which begin alike, ...) -> value
local function code_pack(begun, epoch, outcome, marks, expires, lifetime, answer)
  return pack('>c22I4BBI6I4c0', begun, epoch, outcome, marks, expires, lifetime, answer or '')
end

local function code_bytes(c) return code_pack(c.bytes, c.epoch, c.outcome, c.marks or 0, c.expires, c.lifetime, c.answer) end

-- code_state(subject, code) -> its state now; one issued in an earlier epoch is void: a code knows the lower half of its own
local EPOCH_HALF = 4294967296
local function code_state(s, c)
  return c.outcome == PENDING and (s.now >= c.expires or c.epoch ~= s.epoch % EPOCH_HALF) and EXPIRED or c.outcome
end

-- code_finish(subject, code, outcome): a code that ends before its time is counted so, and the sealed answer that holds it
-- (otp:{tag}:c:<ref>) goes, and the message that carries it is under way no more
local function code_finish(s, c, outcome)
  if c.outcome == PENDING and outcome ~= EXPIRED and c.expires > s.now then s.ended = (s.ended or '') .. pack('>I6', c.expires) end
  c.outcome = outcome
  if (c.marks or 0) >= MARK_MESSAGE then message_end(s, c.generation, outcome) end
  if not c.answer then return end
  s.erase = s.erase or {}
  s.erase[#s.erase + 1], c.answer = bucket.head .. 'c:' .. c.answer, nil
end

-- code_end(subject, code, outcome, names of its purpose): it keeps its outcome and loses its digest, and those that it replaced
local function code_end(s, c, outcome, names)
  code_finish(s, c, outcome)
  set(s, names.code, code_bytes(c))
  del(s, names.digest)
  del(s, names.replaced)
  if c == s.code then s.state, s.digest = outcome, false end
end

-- code_expired(subject): the first call that sees its code expired says so for good, whatever the clock does
local function code_expired(s)
  if s.state ~= EXPIRED or s.code.outcome ~= PENDING then return end
  code_end(s, s.code, EXPIRED, s.names)
  s.mended = true
end

-- burn(subject): a lock burns every code that is still live; one that expired unseen stays so
local function burn(s)
  each(s, 'code', function(purpose, value)
    local c = purpose == s.names.purpose and s.code or code_read(value)
    if c.outcome == PENDING then code_end(s, c, code_state(s, c) == PENDING and BURNT or EXPIRED, names_of[purpose]) end
  end)
  each(s, 'reserved', function(_, _, field) del(s, field) end)
end

-- replaced_live(subject, replaced) -> its entries (u48 when its code would have expired, hash) of codes that would live yet
local function replaced_live(s, replaced)
  local live = {}
  for pos = 1, #replaced, REPLACED_BYTES do
    if parse('>I6', replaced, pos) > s.now then live[#live + 1] = sub(replaced, pos, pos + REPLACED_BYTES - 1) end
  end
  return live
end

-- replaced_hashes(subject) -> the hashes of those that its code replaced
local function replaced_hashes(s)
  local hashes = ''
  for _, one in ipairs(replaced_live(s, s.replaced)) do hashes = hashes .. sub(one, 7) end
  return hashes
end

-- replaced_keep(subject, digest that is replaced, when its code expires, the new digest) -> the last two that one hash of a typed code
-- can be compared with: of the new one's pepper, cost and salt, and not that one itself
local function replaced_keep(s, digest, expires, new)
  local hash, last = sub(new, -HASH_BYTES), ''
  if sub(digest, 1, -HASH_BYTES - 1) ~= sub(new, 1, -HASH_BYTES - 1) then return '' end
  for _, one in ipairs(replaced_live(s, s.replaced .. pack('>I6', expires) .. sub(digest, -HASH_BYTES))) do
    if sub(one, 7) ~= hash then last = last .. one end
  end
  return sub(last, -2 * REPLACED_BYTES)
end

-- code_remember(subject, code, state): its place is taken; superseded ones are known by their absence
local function code_remember(s, c, state)
  local marks = c.marks or 0
  if state ~= SUPERSEDED or marks % MARK_MESSAGE >= MARK_REPORTED then history_later(s, c.generation, state, marks, c.expires + c.lifetime) end
end

-- code_place(subject, candidate, when it expires, answer, message) -> 1 if it took the place of one that was live.
-- candidate: generation (12) spelling (8) length (1) alphabet (1) digest; answer: what is remembered of it or nil; message: what
-- message_put takes, or nothing
local function code_place(s, candidate, expires, answer, message)
  local old, names, digest, lifetime, live, kept, marks = s.code, s.names, sub(candidate, 23), s.p.lifetime, s.state == PENDING, '', 0
  if live and s.digest then kept = replaced_keep(s, s.digest, old.expires, digest) end
  if old and not live then code_remember(s, old, s.state) end
  if old then code_finish(s, old, SUPERSEDED) end
  if (message or '') ~= '' then
    marks = MARK_MESSAGE
    message_put(s, sub(candidate, 1, 12), message, expires, lifetime)
  end
  set(s, names.code, code_pack(candidate, s.epoch % EPOCH_HALF, PENDING, marks, expires, lifetime, answer and answer.reference))
  set(s, names.digest, digest)
  if kept ~= '' then set(s, names.replaced, kept) else del(s, names.replaced) end
  raise(s, expires + lifetime)
  return live and 1 or 0
end
