-- Locks. Needs KEYS[4] = index of locked subjects (score: end), KEYS[5] = index of disabled ones.
local LOCK_BY_FAILURES, LOCK_PRUNE = 1, 8

-- burn(record): a lock burns every code of its subject
local function burn(r)
  for i = 1, #r.purposes do
    local v = r.purposes[i].verification
    if v and v.outcome == PENDING then verification_end(v, BURNT) end
  end
end

-- lock(record, policy, now, failures): starts the next lock; its failures are spent with it
local function lock(r, p, now, failures)
  r.level = p.progressive and math.min(r.level + 1, 255) or 1
  local length = math.floor(math.min(p.lock_first * p.factor ^ (r.level - 1), p.lock_cap))
  r.lock_reason, r.locked_at, r.locked_until, r.lock_failures = LOCK_BY_FAILURES, now, now + length, failures
  for i = 1, #r.purposes do r.purposes[i].failures, r.purposes[i].guard = 0, 0 end
  burn(r)
end

-- lock_index(ref, now, ends): lists the lock; a few that ended fall out, and the index lives as long as its last lock
local function lock_index(ref, now, ends)
  local over = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, LOCK_PRUNE)
  if #over > 0 then redis.call('ZREM', KEYS[4], unpack(over)) end
  redis.call('ZADD', KEYS[4], ends, ref)
  if redis.call('PEXPIRETIME', KEYS[4]) < ends then
    redis.call('PEXPIREAT', KEYS[4], string.format('%.0f', ends))
  end
end
