-- A subject's hash, as one call sees it and is about to write it. Fields and their bytes: src/store/record.rs.
local RECORD_VERSION = 1

-- subject_parse(subject, values of seen, lock, disabled, failures, and code, digest, failures of its purpose)
local function subject_parse(s, got)
  local lock, code = got[2] and lock_read(got[2]), got[5] and code_read(got[5])
  if lock and s.now < lock.ends + s.p.memory then s.lock = lock end
  if got[3] then s.disabled = parse('>I6', whole(got[3], 6)) end
  failures_read(s, got[4], got[7])
  if got[6] and #got[6] ~= SHORT_DIGEST and #got[6] ~= LONG_DIGEST then damaged('record') end
  s.digest, s.known = got[6], code or got[7]
  if code and s.now < code.expires + code.lifetime then s.code, s.state = code, code_state(s, code) end
end

-- What becomes of a field, by its kind, where times are those of a clock that was wrong: (subject, value, now, field) -> value
local RESTART = {
  sends = function(_, value, now) return log_restart(value, now) end,
  pause = function(_, value, now) return pack('>I6', min(now, (parse('>I6', whole(value, 6))))) end,
  code = function(s, value, _, field)
    local code, names = code_read(value), names_of[sub(field, 6)]
    del(s, names.digest)
    del(s, names.replaced)
    if code.outcome == PENDING then code.outcome = EXPIRED end
    return code_bytes(code)
  end,
  lock = function(s, value, now)
    local lock = lock_read(value)
    local ends = now + lock.ends - lock.since
    raise(s, ends + s.p.memory)
    if lock.ends > now then lock.since, lock.ends = now, ends end
    return lock_bytes(lock)
  end,
  failures = function(s, value, now, field)
    if field ~= 'failures' or #value < 16 then return value end
    local failures, run, _, attempt = parse('>I2I2I6I6', value)
    raise(s, now + (run > 0 and HARD_STOP_MEMORY_MS or s.p.memory))
    return pack('>I2I2I6I6', failures, run, now, min(attempt, now)) .. sub(value, 17)
  end,
}

-- subject_restart(subject, fields) -> their values: the last that saw the record had a clock far ahead of this one. Its codes
-- are expired, entries of its logs count as of now, pauses and locks that still run begin anew.
local function subject_restart(s, fields)
  local all, got = subject_fields(s), {}
  s.ends, s.last_send, s.mended = 0, min(s.last_send, s.now), true
  for field, value in pairs(all) do
    local restart = RESTART[string.match(field, '^%a+')]
    all[field] = restart and restart(s, value, s.now, field) or value
    if all[field] ~= value then set(s, field, all[field]) end
  end
  raise(s, s.now + max(s.p.window, s.p.cooldown, HOUR_MS))
  for i, field in ipairs(fields) do got[i] = all[field] or false end
  return got
end

-- subject_open(keys, args, more fields...) -> subject, values of these fields. Written by nobody but save.
local function subject_open(keys, args, ...)
  local p, names, clock = policies[args[1]], names_of[args[2]], clock_ms()
  local got = try('HMGET', keys[1], 'seen', 'lock', 'disabled', 'failures', names.code, names.digest, names.failures, ...)
  if got.err then damaged('record') end
  -- All that is nearly always there is named at once: a table that grows is made anew.
  local s = {keys = keys, p = p, purpose = args[2], names = names, context = args[4], network = network_of(keys, args, clock, p),
    now = clock, ends = 0, purposes = 0, last_send = 0, epoch = epoch_get(), sets = {0, 0, 0, 0, 0, 0, 0, 0},
    n = 0, lock = NO_LOCK, disabled = false, state = NOT_FOUND, failures = 0, run = 0, last_failure = 0, last_attempt = 0,
    open = 0, oldest = 0, own = 0, guard = 0, own_run = 0}
  if got[1] then
    local version, seen
    version, seen, s.ends, s.purposes, s.last_send = parse('>BI6I6BI6', whole(got[1], 20))
    if version ~= RECORD_VERSION then newer('record') end
    if seen > clock + AHEAD_MS then
      got = subject_restart(s, {'seen', 'lock', 'disabled', 'failures', names.code, names.digest, names.failures, ...})
    else
      s.now = max(seen, clock)
    end
    subject_parse(s, got)
  elseif call('HLEN', keys[1]) > 0 then
    damaged('record')
  end
  return s, unpack(got, 8)
end

-- save(subject): all that this call changed, of its network too. A disabled subject has no end but an operator's act; sealed
-- answers of codes that ended go with them.
local function save(s)
  local key = s.keys[1]
  if s.counted then failures_write(s) end
  if s.relocked then
    set(s, 'lock', lock_bytes(s.lock))
    raise(s, s.lock.ends + s.p.memory)
  end
  raise(s, s.now + 1)
  if s.dels then call('HDEL', key, unpack(s.dels)) end
  call('HSET', key, 'seen', pack('>BI6I6BI6', RECORD_VERSION, s.now, s.ends, s.purposes, s.last_send), unpack(s.sets, 1, s.n))
  if s.disabled then call('PERSIST', key) elseif s.raised then call('PEXPIREAT', key, digits(s.ends)) end
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
