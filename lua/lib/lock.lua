-- Locks. keys[4] = index of locked subjects (score: end), keys[5] = index of disabled ones.
local LOCK_BY_FAILURES, LOCK_BY_HAND, LOCK_PRUNE = 1, 2, 8

-- lock_begin(subject): starts the next lock. Codes and counts stay until lock_seal: a claim that reaches the limit begins a
-- lock that its own success still lifts.
local function lock_begin(s)
  local p = s.p
  s.level = p.progressive and math.min(s.level + 1, 255) or 1
  local length = math.floor(math.min(p.lock_first * p.factor ^ (s.level - 1), p.lock_cap))
  s.reason, s.locked_at, s.locked_until, s.lock_failures = LOCK_BY_FAILURES, s.now, s.now + length, s.failures
  s.relocked, s.locks = true, true
end

-- lock_seal(subject): its failures are spent with it, and every code is burnt
local function lock_seal(s)
  failures_clear(s)
  burn(s)
end

-- disable(subject): until an operator unlocks it
local function disable(s)
  s.disabled, s.disables = s.now, true
  set(s, 'disabled', struct.pack('>I6', s.now))
end

local function enable(s)
  if not s.disabled then return end
  s.disabled, s.disables, s.raised = false, false, true
  del(s, 'disabled')
end

-- index_save(subject): lists the lock or stop that began; a few that ended fall out, and the index lives as long as its last lock
local function index_save(s)
  local ref = string.sub(s.key, -16)
  if s.disables then redis.call('ZADD', s.keys[5], s.now, ref) end
  if not s.locks then return end
  local over = redis.call('ZRANGEBYSCORE', s.keys[4], '-inf', s.now, 'LIMIT', 0, LOCK_PRUNE)
  if #over > 0 then redis.call('ZREM', s.keys[4], unpack(over)) end
  redis.call('ZADD', s.keys[4], s.locked_until, ref)
  if redis.call('PEXPIRETIME', s.keys[4]) < s.locked_until then redis.call('PEXPIREAT', s.keys[4], s.locked_until) end
end

-- save(subject, network or nil): all that this call changed of both
local function save(s, n)
  subject_save(s)
  history_save(s)
  index_save(s)
  network_save(n)
end

-- mend(subject, network or nil): what the call found out by the way, if anything, where it changes nothing else
local function mend(s, n)
  if s.mended then save(s, n) else network_save(n) end
end
