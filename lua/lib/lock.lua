-- Locks and the hard stop. The index of locked subjects has their ends as scores.
local LOCK_BY_FAILURES, LOCK_BY_HAND, LOCK_UNREADABLE, LOCK_PRUNE = 1, 2, 3, 8
local NO_LOCK = {level = 0, reason = 0, since = 0, ends = 0, failures = 0}
local function lock_read(value)
  local level, reason, since, ends, failures = parse('>BBI6I6I2', whole(value, 16))
  return {level = level, reason = reason, since = since, ends = ends, failures = failures}
end

local function lock_bytes(lock) return pack('>BBI6I6I2', lock.level, lock.reason, lock.since, lock.ends, lock.failures) end

-- index_open(subject): where an index is none, that is said before anything is written
local function index_open(s)
  for _, kind in ipairs({'locked', 'disabled'}) do
    if type(try('ZCARD', bucket[kind])) == 'table' then damaged(kind) end
  end
end

-- lock_begin(subject): the next lock. Codes and counts stay until attempt_seal: a claim may begin one that its success still lifts.
local function lock_begin(s)
  local p, level = s.p, s.p.progressive and min(s.lock.level + 1, 255) or 1
  local length = floor(min(p.lock_first * p.factor ^ (level - 1), p.lock_cap))
  s.lock = {level = level, reason = LOCK_BY_FAILURES, since = s.now, ends = s.now + length, failures = s.failures}
  s.relocked, s.listed = true, true
end

-- disable(subject): until an operator unlocks it; enable(subject)
local function disable(s)
  s.disabled, s.stopped = s.now, true
  set(s, 'disabled', times[s.now])
end

local function enable(s)
  if s.disabled then s.disabled, s.stopped, s.raised = false, false, true end
  set(s, 'disabled', nil)
end

-- index_save(subject): lists the lock or stop that began, and drops a few that ended
local function index_save(s)
  local ends, ref = s.lock.ends, sub(s.key, -16)
  if s.stopped then call('ZADD', bucket.disabled, s.now, ref) end
  if not s.listed then return end
  local over = call('ZRANGEBYSCORE', bucket.locked, '-inf', s.now, 'LIMIT', 0, LOCK_PRUNE)
  if #over > 0 then call('ZREM', bucket.locked, unpack(over)) end
  call('ZADD', bucket.locked, ends, ref)
  if call('PEXPIRETIME', bucket.locked) < ends then call('PEXPIREAT', bucket.locked, ends) end
end

-- index_drop(record, kind): its subject is listed no more
local function index_drop(record, kind) call('ZREM', bucket[kind], sub(record, -16)) end
