-- Locks. Needs KEYS[4] = index of locked subjects (score: end), KEYS[5] = index of disabled ones.
local LOCK_BY_FAILURES, LOCK_BY_HAND, LOCK_PRUNE = 1, 2, 8

-- lock_begin(record, policy, now, failures): starts the next lock. Codes and counts stay until lock_seal: a claim that
-- reaches the limit begins a lock that its own success still lifts.
local function lock_begin(r, p, now, failures)
  r.level = p.progressive and math.min(r.level + 1, 255) or 1
  local length = math.floor(math.min(p.lock_first * p.factor ^ (r.level - 1), p.lock_cap))
  r.lock_reason, r.locked_at, r.locked_until, r.lock_failures = LOCK_BY_FAILURES, now, now + length, failures
end

-- burn(record, now, epoch): a lock burns every code of its subject that is still live; one that expired unseen stays so
local function burn(r, now, epoch)
  for i = 1, #r.purposes do
    local p = r.purposes[i]
    local v = p.verification
    if v and v.outcome == PENDING then
      verification_end(r, p, verification_state(v, now, epoch) == PENDING and BURNT or EXPIRED)
    end
    p.reserved = nil
  end
end

-- lock_seal(record, now, epoch): its failures are spent with it
local function lock_seal(r, now, epoch)
  for i = 1, #r.purposes do r.purposes[i].failures, r.purposes[i].guard = 0, 0 end
  burn(r, now, epoch)
end

-- lock_index(now, ends): lists the lock; a few that ended fall out, and the index lives as long as its last lock
local function lock_index(now, ends)
  local over = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now, 'LIMIT', 0, LOCK_PRUNE)
  if #over > 0 then redis.call('ZREM', KEYS[4], unpack(over)) end
  redis.call('ZADD', KEYS[4], ends, string.sub(KEYS[1], -16))
  if redis.call('PEXPIRETIME', KEYS[4]) < ends then
    redis.call('PEXPIREAT', KEYS[4], string.format('%.0f', ends))
  end
end

-- disable_index(now)
local function disable_index(now)
  redis.call('ZADD', KEYS[5], now, string.sub(KEYS[1], -16))
end
