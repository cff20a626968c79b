-- A subject's hash, as one call sees it and is about to write it. Fields and their bytes: src/store/record.rs.
local RECORD_VERSION = 1

-- subject_parse(subject): what is asked of nearly every record
local function subject_parse(s)
  local fields, names = s.fields, s.names
  local lock, code, digest, replaced = fields.lock, fields[names.code], fields[names.digest], fields[names.replaced]
  lock, code = lock and lock_read(lock), code and code_read(code)
  if lock and s.now < lock.ends + s.p.memory then s.lock = lock end
  if fields.disabled then s.disabled = parse('>I6', whole(fields.disabled, 6)) end
  failures_read(s, fields.failures, fields[names.failures])
  if digest and #digest ~= SHORT_DIGEST and #digest ~= LONG_DIGEST then damaged('record') end
  if replaced and #replaced % REPLACED_BYTES > 0 then damaged('record') end
  s.digest, s.replaced = digest, replaced or ''
  if code and s.now < code.expires + code.lifetime then s.code, s.state = code, code_state(s, code) end
end

-- What becomes of a field, by its kind, where times are those of a clock that was wrong: (value, subject, field) -> value
local RESTART = {
  sends = function(value, s) return log_restart(value, s.now) end,
  pause = function(value, s) return pack('>I6', min(s.now, (parse('>I6', whole(value, 6))))) end,
  code = function(value, s, field)
    local code, names = code_read(value), names_of[sub(field, 6)]
    set(s, names.digest, nil)
    set(s, names.replaced, nil)
    if code.outcome == PENDING then code.outcome = EXPIRED end
    return code_bytes(code)
  end,
  lock = function(value, s)
    local lock = lock_read(value)
    local ends = s.now + lock.ends - lock.since
    raise(s, ends + s.p.memory)
    if lock.ends > s.now then lock.since, lock.ends = s.now, ends end
    return lock_bytes(lock)
  end,
  failures = function(value, s, field)
    if field ~= 'failures' or #value < 16 then return value end
    local failures, run, _, attempt = parse('>I2I2I6I6', value)
    raise(s, s.now + (run > 0 and HARD_STOP_MEMORY_MS or s.p.memory))
    return pack('>I2I2I6I6', failures, run, s.now, min(attempt, s.now)) .. sub(value, 17)
  end,
}

-- subject_restart(subject): the last that saw the record had a clock far ahead of this one. Its codes are expired, entries of its
-- logs count as of now, pauses and locks that still run begin anew.
local function subject_restart(s)
  s.ends, s.last_send, s.mended = 0, min(s.last_send, s.now), true
  for field, value in pairs(s.fields) do
    local restart = RESTART[kinds[field]]
    local now = restart and restart(value, s, field)
    if now and now ~= value then
      s.fields[field] = now
      set(s, field, now)
    end
  end
  raise(s, s.now + max(s.p.window, s.p.cooldown, HOUR_MS))
end

-- subject_open(keys, args) -> subject, as one call sees it. Written by nobody but save.
local function subject_open(keys, args)
  local p, names, clock, flat = policies[args[1]], names_of[args[2]], clock_ms(), try('HGETALL', keys[1])
  if flat.err then damaged('record') end
  -- A table that grows is made anew: what is nearly always there is named at once, here as room for eight.
  local fields = #flat > 0 and {a = nil, b = nil, c = nil, d = nil, e = nil} or {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  -- In front is room for what set adds.
  local s = {0, 0, 0, 0, 0, 0, 0, 0, n = 0, key = keys[1], fields = fields, count = #flat / 2, p = p, names = names, context = args[4],
    network = network_of(keys, args, clock, p), now = clock, ends = 0, last_send = 0, epoch = epoch_get(), lock = NO_LOCK,
    disabled = false, code = false, state = NOT_FOUND, digest = false, replaced = '', failures = 0, run = 0, last_failure = 0,
    last_attempt = 0, open = 0, oldest = 0, own = 0, guard = 0, own_run = 0, raised = false}
  if fields.seen then
    local version, seen
    version, seen, s.ends, s.last_send = parse('>BI6I6I6', whole(fields.seen, 19))
    if version ~= RECORD_VERSION then newer('record') end
    if seen > clock + AHEAD_MS then subject_restart(s) elseif seen > clock then s.now = seen end
    subject_parse(s)
  elseif s.count > 0 then
    damaged('record')
  end
  return s
end

-- save(subject): all that this call changed, of its network too. A disabled subject has no end but an operator's act; sealed
-- answers of codes that ended go with them.
local function save(s)
  local key = s.key
  if s.counted then failures_write(s) end
  if s.relocked then
    set(s, 'lock', lock_bytes(s.lock))
    raise(s, s.lock.ends + s.p.memory)
  end
  raise(s, s.now + 1)
  if s.dels then call('HDEL', key, unpack(s.dels)) end
  call('HSET', key, 'seen', pack('>BI6I6I6', RECORD_VERSION, s.now, s.ends, s.last_send), unpack(s, 1, s.n))
  if s.disabled then call('PERSIST', key) elseif s.raised then call('PEXPIREAT', key, digits[s.ends]) end
  if s.erase then call('DEL', unpack(s.erase)) end
  if s.history then history_save(s) end
  if s.stopped or s.listed then index_save(s) end
  if s.outbox or s.cut then outbox_save(s) end
  network_save(s.network)
end

-- mend(subject): what the call found out by the way, if anything, where it changes nothing else
local function mend(s)
  if s.mended then save(s) else network_save(s.network) end
end

-- stopped(subject, network or nil) -> why this subject or network may do nothing now and when that ends, or nil
local function stopped(s, n)
  if s.disabled then return SUBJECT_DISABLED, 0 end
  if s.lock.ends > s.now then return SUBJECT_LOCKED, s.lock.ends end
  local blocked = network_blocked(n)
  if blocked > 0 then return IP_BLOCKED, s.now + blocked end
end
