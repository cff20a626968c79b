-- A subject's hash, as one call sees it and is about to write it. Fields and their bytes: src/store/record.rs.
local RECORD_VERSION, HARD_STOP_MEMORY_MS = 1, 2592000000

local function lock_read(s, value)
  if not value then return end
  s.level, s.reason, s.locked_at, s.locked_until, s.lock_failures = struct.unpack('>BBI6I6I2', whole(value, 16))
  if s.now >= s.locked_until + s.p.memory then
    s.level, s.reason, s.locked_at, s.locked_until, s.lock_failures = 0, 0, 0, 0, 0
  end
end

local function lock_bytes(s)
  return struct.pack('>BBI6I6I2', s.level, s.reason, s.locked_at, s.locked_until, s.lock_failures)
end

-- failures_read(subject, over all purposes, of its purpose): what was forgotten by now counts as none; `stale` says that
-- fields of other purposes still hold it, which whoever changes them clears first
local function failures_read(s, all, own)
  if not all then return end
  s.failures, s.run, s.last_failure, s.last_attempt = struct.unpack('>I2I2I6I6', whole(all, 16))
  if own then s.own, s.guard, s.own_run = struct.unpack('>I2I2I2', whole(own, 6)) end
  local quiet = s.now - s.last_failure
  if quiet >= s.p.memory and s.failures + s.own + s.guard > 0 then
    s.failures, s.own, s.guard, s.stale = 0, 0, 0, true
  end
  if quiet >= HARD_STOP_MEMORY_MS and s.run + s.own_run > 0 then s.run, s.own_run, s.stale = 0, 0, true end
end

-- failures_clear(subject): none counts towards a lock any more, of whatever purpose; where `run` is 0, none towards the hard
-- stop either
local function failures_clear(s)
  each(s, 'failures', function(purpose, value, field)
    if purpose == s.purpose then return end
    local _, _, run = struct.unpack('>I2I2I2', whole(value, 6))
    if run > 0 and s.run > 0 then set(s, field, struct.pack('>I2I2I2', 0, 0, run)) else del(s, field) end
  end)
  s.failures, s.own, s.guard, s.stale, s.counted = 0, 0, 0, false, true
  if s.run == 0 then s.own_run = 0 end
end

local function failures_write(s)
  set(s, 'failures', struct.pack('>I2I2I6I6', s.failures, s.run, s.last_failure, s.last_attempt))
  if s.own + s.guard + s.own_run > 0 then
    set(s, 'failures:' .. s.purpose, struct.pack('>I2I2I2', s.own, s.guard, s.own_run))
  else
    del(s, 'failures:' .. s.purpose)
  end
  if s.failures > 0 then raise(s, s.last_failure + s.p.memory) end
  if s.run > 0 then raise(s, s.last_failure + HARD_STOP_MEMORY_MS) end
end

-- subject_parse(subject, values of seen, lock, disabled, failures, claims, and code, digest, failures of its purpose)
local function subject_parse(s, got)
  lock_read(s, got[2])
  if got[3] then s.disabled = struct.unpack('>I6', whole(got[3], 6)) end
  failures_read(s, got[4], got[8])
  if got[5] then s.open, s.oldest = struct.unpack('>I2I6', whole(got[5], 8)) end
  s.digest, s.known = got[7], got[6] or got[8]
  if got[6] then
    local code = code_read(got[6])
    if s.now < code.expires + code.lifetime then s.code, s.state = code, code_state(s, code) end
  end
end

-- subject_restart(subject, fields) -> their values: the last that saw the record had a clock far ahead of this one. Its codes
-- are expired, entries of its logs count as of now, pauses and locks that still run begin anew.
local function subject_restart(s, fields)
  local now, all = s.now, subject_fields(s)
  for field, value in pairs(all) do
    local kind = string.match(field, '^%a+')
    if kind == 'sends' then
      value = log_restart(value, now)
    elseif kind == 'pause' then
      value = struct.pack('>I6', math.min(now, (struct.unpack('>I6', whole(value, 6)))))
    elseif kind == 'code' then
      local code = code_read(value)
      if code.outcome == PENDING then
        code.outcome = EXPIRED
        value = code_bytes(code)
      end
      del(s, 'digest' .. string.sub(field, 5))
      del(s, 'replaced' .. string.sub(field, 5))
    elseif field == 'lock' then
      local level, reason, since, ends, failures = struct.unpack('>BBI6I6I2', whole(value, 16))
      if ends > now then value = struct.pack('>BBI6I6I2', level, reason, now, now + ends - since, failures) end
      raise(s, now + ends - since + s.p.memory)
    elseif field == 'failures' then
      local failures, run, _, attempt = struct.unpack('>I2I2I6I6', whole(value, 16))
      value = struct.pack('>I2I2I6I6', failures, run, now, math.min(attempt, now))
      raise(s, now + (run > 0 and HARD_STOP_MEMORY_MS or s.p.memory))
    end
    if value ~= all[field] then
      all[field] = value
      set(s, field, value)
    end
  end
  raise(s, now + math.max(s.p.window, s.p.cooldown, HOUR_MS))
  s.mended = true
  local got = {}
  for i = 1, #fields do got[i] = all[fields[i]] or false end
  return got
end

-- subject_open(keys, policy, purpose, more fields...) -> subject, values of these fields. Written by nobody but subject_save.
local function subject_open(keys, p, purpose, ...)
  local key, clock, code, digest, failures = keys[1], clock_ms(), 'code:' .. purpose, 'digest:' .. purpose, 'failures:' .. purpose
  local got = redis.pcall('HMGET', key, 'seen', 'lock', 'disabled', 'failures', 'claims', code, digest, failures, ...)
  if got.err then damaged(1) end
  local epoch = redis.call('GET', keys[2]) or '1'
  local s = {keys = keys, key = key, p = p, purpose = purpose, clock = clock, now = clock, seen = 0, ends = 0, last_send = 0,
    epoch_text = epoch, epoch = tonumber(epoch), sets = {}, n = 0, dels = {}, ended = '',
    level = 0, reason = 0, locked_at = 0, locked_until = 0, lock_failures = 0, disabled = false,
    failures = 0, run = 0, last_failure = 0, last_attempt = 0, own = 0, guard = 0, own_run = 0,
    open = 0, oldest = 0, purposes = 0, state = NOT_FOUND}
  if got[1] then
    local version
    version, s.seen, s.ends, s.purposes, s.last_send = struct.unpack('>BI6I6BI6', whole(got[1], 20))
    if version ~= RECORD_VERSION then error({err = 'OTPVERSION 1'}) end
    if s.seen > clock + AHEAD_MS then
      s.ends, s.last_send = 0, math.min(s.last_send, clock)
      got = subject_restart(s, {'seen', 'lock', 'disabled', 'failures', 'claims', code, digest, failures, ...})
    elseif s.seen > clock then
      s.now = s.seen
    end
    subject_parse(s, got)
  elseif redis.call('HLEN', s.key) > 0 then
    damaged(1)
  end
  return s, unpack(got, 9)
end

-- subject_save(subject): all that this call changed, in at most three commands. A disabled subject has no end but an
-- operator's act. Sealed answers of codes that ended go with them.
local function subject_save(s)
  if s.counted then failures_write(s) end
  if s.relocked then
    set(s, 'lock', lock_bytes(s))
    raise(s, s.locked_until + s.p.memory)
  end
  if s.compared then set(s, 'claims', struct.pack('>I2I6', s.open, s.oldest)) end
  raise(s, s.now + 1)
  set(s, 'seen', struct.pack('>BI6I6BI6', RECORD_VERSION, s.now, s.ends, s.purposes, s.last_send))
  if s.dels[1] then redis.call('HDEL', s.key, unpack(s.dels)) end
  redis.call('HSET', s.key, unpack(s.sets))
  if s.disabled then redis.call('PERSIST', s.key)
  elseif s.raised then redis.call('PEXPIRE', s.key, digits(s.ends - s.clock)) end
  if s.erase then redis.call('DEL', unpack(s.erase)) end
end
