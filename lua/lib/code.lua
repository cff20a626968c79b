-- The code of a purpose: the fields code:<purpose>, digest:<purpose> and replaced:<purpose>.
-- A digest is a kid (4), for argon2id cost and salt, and a hash of 16 bytes; without cost and salt it has SHORT_DIGEST.
local MARK_REPORTED, CODE_BYTES, HASH_BYTES, SHORT_DIGEST, LONG_DIGEST, REPLACED_BYTES = 4, 38, 16, 20, 41, 22

-- code_read(value) -> code; `answer` only where there is some: with it the table would be twice as large
local function code_read(value)
  if #value ~= CODE_BYTES and #value ~= CODE_BYTES + 16 then damaged('record') end
  local generation, spelling, _, epoch, outcome, marks, expires, lifetime = parse('>c12c8I2I4BBI6I4', value)
  if outcome > EXPIRED then newer('record') end
  local c = {bytes = value, generation = generation, spelling = spelling, epoch = epoch, outcome = outcome, expires = expires,
    lifetime = lifetime, marks = marks}
  if #value > CODE_BYTES then c.answer = sub(value, CODE_BYTES + 1) end
  return c
end

-- code_pack(code or candidate, which begin alike, ...) -> value
local function code_pack(begun, epoch, outcome, marks, expires, lifetime, answer)
  return pack('>c22I4BBI6I4c0', begun, epoch, outcome, marks, expires, lifetime, answer or '')
end

local function code_bytes(c) return code_pack(c.bytes, c.epoch, c.outcome, c.marks, c.expires, c.lifetime, c.answer) end

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
  if c.marks >= MARK_MESSAGE then message_end(s, c.generation, outcome) end
  if not c.answer then return end
  s.erase = s.erase or {}
  s.erase[#s.erase + 1], c.answer = bucket.head .. 'c:' .. c.answer, nil
end

-- code_end(subject, code, outcome, names of its purpose): it keeps its outcome and loses its digest, and those that it replaced
local function code_end(s, c, outcome, names)
  code_finish(s, c, outcome)
  set(s, names.code, code_bytes(c))
  set(s, names.digest, nil)
  set(s, names.replaced, nil)
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
  each(s, 'reserved', function(_, _, field) set(s, field, nil) end)
end

-- replaced_live(subject, replaced, hash or nil) -> its entries (u48 when its code would have expired, hash) of codes that would live
-- yet, but for that hash
local function replaced_live(s, replaced, but)
  local live = ''
  for pos = 1, #replaced, REPLACED_BYTES do
    local expires, hash = parse('>I6c16', replaced, pos)
    if expires > s.now and hash ~= but then live = live .. sub(replaced, pos, pos + REPLACED_BYTES - 1) end
  end
  return live
end

-- replaced_hashes(subject) -> the hashes of those that its code replaced
local function replaced_hashes(s)
  local live, hashes = replaced_live(s, s.replaced), ''
  for pos = 7, #live, REPLACED_BYTES do hashes = hashes .. sub(live, pos, pos + HASH_BYTES - 1) end
  return hashes
end

-- replaced_keep(subject, digest that is replaced, when its code expires, the new digest) -> the last two that one hash of a typed code
-- can be compared with, if any: of the new one's pepper, cost and salt, and not that one itself
local function replaced_keep(s, digest, expires, new)
  if sub(digest, 1, -HASH_BYTES - 1) ~= sub(new, 1, -HASH_BYTES - 1) then return nil end
  local live = replaced_live(s, s.replaced .. times[expires] .. sub(digest, -HASH_BYTES), sub(new, -HASH_BYTES))
  return live ~= '' and sub(live, -2 * REPLACED_BYTES)
end

-- code_remember(subject, code, state): its place is taken; superseded ones are known by their absence
local function code_remember(s, c, state)
  if state ~= SUPERSEDED or c.marks % MARK_MESSAGE >= MARK_REPORTED then
    history_later(s, c.generation, state, c.marks, c.expires + c.lifetime)
  end
end
