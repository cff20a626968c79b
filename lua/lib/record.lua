-- The record of a subject. Layout and meaning of every byte: src/store/record.rs.
local RECORD_VERSION, HARD_STOP_MEMORY_MS = 1, 2592000000

local function record_new()
  return {seen = 0, ends = 0, last_send = 0, disabled = false, level = 0, lock_reason = 0, locked_at = 0,
    locked_until = 0, lock_failures = 0, last_failure = 0, last_attempt = 0, log = log_new(), purposes = {}, ext = ''}
end

local function verification_read(s, pos)
  local v = {generation = string.sub(s, pos, pos + 11), spelling = string.sub(s, pos + 12, pos + 19),
    kid = string.sub(s, pos + 20, pos + 23)}
  local n
  v.epoch, v.outcome, v.length, v.expires, v.lifetime, n, pos = struct.unpack('>I4BBI6I4B', s, pos + 24)
  v.digest = string.sub(s, pos, pos + n - 1)
  return v, pos + n
end

local function verification_write(v)
  return v.generation .. v.spelling .. v.kid
    .. struct.pack('>I4BBI6I4B', v.epoch, v.outcome, v.length, v.expires, v.lifetime, #v.digest) .. v.digest
end

local function purpose_read(s, pos)
  local p = {tag = string.sub(s, pos, pos + 3), failures = 0, guard = 0, run = 0}
  local flags = string.byte(s, pos + 4)
  pos = pos + 5
  if flags % 2 == 1 then p.failures, p.guard, p.run, pos = struct.unpack('>I2I2I2', s, pos) end
  if flags % 4 >= 2 then
    p.own = {}
    p.own.last, pos = struct.unpack('>I6', s, pos)
    p.own.log, pos = log_read(s, pos)
  end
  if flags % 8 >= 4 then p.verification, pos = verification_read(s, pos) end
  return p, pos
end

local function purpose_write(p)
  local flags, counts, own, verification = 0, '', '', ''
  if p.failures + p.guard + p.run > 0 then
    flags, counts = 1, struct.pack('>I2I2I2', p.failures, p.guard, p.run)
  end
  if p.own then flags, own = flags + 2, struct.pack('>I6', p.own.last) .. log_write(p.own.log) end
  if p.verification then flags, verification = flags + 4, verification_write(p.verification) end
  return p.tag .. string.char(flags) .. counts .. own .. verification
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
  r.ext = string.sub(s, pos)
  return r
end

-- record_bytes(record) -> value
local function record_bytes(r)
  local flags, lock, attempt = r.disabled and 1 or 0, '', ''
  if r.locked_until > 0 then
    flags = flags + 2
    lock = struct.pack('>BBI6I6I2', r.level, r.lock_reason, r.locked_at, r.locked_until, r.lock_failures)
  end
  if r.last_attempt + r.last_failure > 0 then
    flags, attempt = flags + 4, struct.pack('>I6I6', r.last_failure, r.last_attempt)
  end
  local out = {struct.pack('>BBI6I6I6', RECORD_VERSION, flags, r.seen, r.ends, r.last_send), lock, attempt,
    log_write(r.log), string.char(#r.purposes)}
  for i = 1, #r.purposes do out[#out + 1] = purpose_write(r.purposes[i]) end
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
-- end but an operator's act.
local function record_save(key, r, now, memory)
  r.seen = now
  if r.disabled then
    redis.call('SET', key, record_bytes(r))
  else
    redis.call('SET', key, record_bytes(r), 'PXAT', string.format('%.0f', math.max(record_end(r, memory), now + 1)))
  end
end
