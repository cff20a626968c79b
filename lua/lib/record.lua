-- The record of a subject. Layout and meaning of every byte: src/store/record.rs.
local RECORD_VERSION, HARD_STOP_MEMORY_MS = 1, 2592000000

local function record_new()
  return {seen = 0, ends = 0, last_send = 0, disabled = false, level = 0, lock_reason = 0, locked_at = 0,
    locked_until = 0, lock_failures = 0, last_failure = 0, last_attempt = 0, log = log_new(), purposes = {},
    claims = {}, ext = ''}
end

local function verification_read(s, pos)
  local v = {generation = string.sub(s, pos, pos + 11), spelling = string.sub(s, pos + 12, pos + 19),
    kid = string.sub(s, pos + 20, pos + 23)}
  local outcome, n
  v.epoch, outcome, v.length, v.alphabet, v.expires, v.lifetime, n, pos = struct.unpack('>I4BBBI6I4B', s, pos + 24)
  v.outcome, v.marks = outcome % 16, math.floor(outcome / 16)
  if v.outcome > EXPIRED then error({err = 'OTPVERSION verification written by a newer version'}) end
  v.digest = string.sub(s, pos, pos + n - 1)
  return v, pos + n
end

local function verification_write(v)
  return v.generation .. v.spelling .. v.kid .. struct.pack('>I4BBBI6I4B', v.epoch, v.outcome + 16 * v.marks, v.length,
    v.alphabet, v.expires, v.lifetime, #v.digest) .. v.digest
end

local function purpose_new(tag)
  return {tag = tag, failures = 0, guard = 0, run = 0}
end

local function purpose_read(s, pos)
  local p = purpose_new(string.sub(s, pos, pos + 3))
  local flags = string.byte(s, pos + 4)
  pos = pos + 5
  if flags % 2 == 1 then p.failures, p.guard, p.run, pos = struct.unpack('>I2I2I2', s, pos) end
  if flags % 4 >= 2 then
    p.own = {}
    p.own.last, pos = struct.unpack('>I6', s, pos)
    p.own.log, pos = log_read(s, pos)
  end
  if flags % 8 >= 4 then p.verification, pos = verification_read(s, pos) end
  if flags % 16 >= 8 then p.answer, pos = string.sub(s, pos, pos + 15), pos + 16 end
  if flags % 32 >= 16 then p.reserved, pos = string.sub(s, pos, pos + 11), pos + 12 end
  return p, pos
end

local function purpose_write(p)
  local flags, counts, own, verification = 0, '', '', ''
  if p.failures + p.guard + p.run > 0 then
    flags, counts = 1, struct.pack('>I2I2I2', p.failures, p.guard, p.run)
  end
  if p.own then flags, own = flags + 2, struct.pack('>I6', p.own.last) .. log_write(p.own.log) end
  if p.verification then flags, verification = flags + 4, verification_write(p.verification) end
  if p.answer then flags = flags + 8 end
  if p.reserved then flags = flags + 16 end
  return p.tag .. string.char(flags) .. counts .. own .. verification .. (p.answer or '') .. (p.reserved or '')
end

local function lock_block(r)
  return struct.pack('>BBI6I6I2', r.level, r.lock_reason, r.locked_at, r.locked_until, r.lock_failures)
end

local function claim_read(s, pos)
  local c = {id = string.sub(s, pos, pos + 7), tag = string.sub(s, pos + 8, pos + 11),
    generation = string.sub(s, pos + 12, pos + 23)}
  c.at, c.prior, c.failures, c.reached, pos = struct.unpack('>I6I6I2B', s, pos + 24)
  if c.reached % 2 == 1 then c.before, pos = string.sub(s, pos, pos + 15), pos + 16 end
  return c, pos
end

local function claim_write(c)
  return c.id .. c.tag .. c.generation .. struct.pack('>I6I6I2B', c.at, c.prior, c.failures, c.reached)
    .. (c.reached % 2 == 1 and c.before or '')
end

-- record_read(value) -> record; value is false where the key does not exist
local function record_read(s)
  local r = record_new()
  if not s then return r end
  local version, flags, pos, n
  version, flags, r.seen, r.ends, r.last_send, pos = struct.unpack('>BBI6I6I6', s)
  if version ~= RECORD_VERSION then error({err = 'OTPVERSION record written by a newer version'}) end
  r.disabled = flags % 2 == 1
  if flags % 4 >= 2 then
    r.level, r.lock_reason, r.locked_at, r.locked_until, r.lock_failures, pos = struct.unpack('>BBI6I6I2', s, pos)
  end
  if flags % 8 >= 4 then r.last_failure, r.last_attempt, pos = struct.unpack('>I6I6', s, pos) end
  r.log, pos = log_read(s, pos)
  n, pos = string.byte(s, pos), pos + 1
  for i = 1, n do r.purposes[i], pos = purpose_read(s, pos) end
  if flags % 16 >= 8 then
    n, pos = string.byte(s, pos), pos + 1
    for i = 1, n do r.claims[i], pos = claim_read(s, pos) end
  end
  -- A string is read past its end without an error; what is written back then would be another record.
  if pos > #s + 1 then error({err = 'OTPRECORD record is cut off'}) end
  r.ext = string.sub(s, pos)
  return r
end

-- record_bytes(record) -> value
local function record_bytes(r)
  local flags, lock, attempt = r.disabled and 1 or 0, '', ''
  if r.locked_until > 0 then flags, lock = flags + 2, lock_block(r) end
  if r.last_attempt + r.last_failure > 0 then
    flags, attempt = flags + 4, struct.pack('>I6I6', r.last_failure, r.last_attempt)
  end
  if #r.claims > 0 then flags = flags + 8 end
  local out = {struct.pack('>BBI6I6I6', RECORD_VERSION, flags, r.seen, r.ends, r.last_send), lock, attempt,
    log_write(r.log), string.char(#r.purposes)}
  for i = 1, #r.purposes do out[#out + 1] = purpose_write(r.purposes[i]) end
  if #r.claims > 0 then out[#out + 1] = string.char(#r.claims) end
  for i = 1, #r.claims do out[#out + 1] = claim_write(r.claims[i]) end
  out[#out + 1] = r.ext
  return table.concat(out)
end

-- record_end(record, memory) -> when nothing in it matters any more, ms
local function record_end(r, memory)
  local last = r.ends
  for i = 1, #r.purposes do
    local p, v = r.purposes[i], r.purposes[i].verification
    if v then last = math.max(last, v.expires + v.lifetime) end
    if p.failures + p.guard > 0 then last = math.max(last, r.last_failure + memory) end
    if p.run > 0 then last = math.max(last, r.last_failure + HARD_STOP_MEMORY_MS) end
  end
  if r.locked_until > 0 then last = math.max(last, r.locked_until + memory) end
  return last
end

-- record_save(key, record, now, memory): the write and its time to live are one command. A disabled subject has no
-- end but an operator's act. Sealed answers of codes that ended go with them.
local function record_save(key, r, now, memory)
  r.seen = now
  if r.disabled then
    redis.call('SET', key, record_bytes(r))
  else
    redis.call('SET', key, record_bytes(r), 'PXAT', string.format('%.0f', math.max(record_end(r, memory), now + 1)))
  end
  if r.erase then redis.call('DEL', unpack(r.erase)) end
end
