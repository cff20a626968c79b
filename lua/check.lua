-- Checks a code whose digest the sidecar could compute: charges the attempt, compares, settles.
-- KEYS   1 record  2 epoch  3 events  4 index of locked  5 index of disabled  6 history
-- ARGV   1 limits  2 target: purpose tag (4) spelling (8) generation (12, or nothing where no id was given)
--        3 the code: length (1), whether it has the configured length (1)  4 digests: n x (kid 4, digest 16)
--        5 context of the event  6 when the id is forgotten, ms (0 where no id was given)
-- Returns {outcome, now, attempts left, locked until, level, generation, length, epoch, expires, lifetime,
--          reset, compared}
if #ARGV ~= 6 or #KEYS ~= 6 then error({err = 'OTPARITY check'}) end
local P = policy_read(ARGV[1])
local tag, spelling, generation = string.sub(ARGV[2], 1, 4), string.sub(ARGV[2], 5, 12), string.sub(ARGV[2], 13)
local length, shaped = string.byte(ARGV[3], 1, 2)
local now = clock_ms()
local got = redis.call('MGET', KEYS[1], KEYS[2])
local r, epoch = record_read(got[1]), tonumber(got[2] or 1)
now = math.max(now, r.seen)
record_settle(r, now, P.memory)

local entry = purpose_find(r, tag)
local v, state = target_find(entry, spelling, generation, tonumber(ARGV[6]), now, epoch)
if v and state == PENDING then shaped = v.length == length and 1 or 0 end
local failures, run = record_failures(r)

local function answer(outcome, compared)
  local reset = failures > 0 and r.last_failure + P.memory - now or 0
  local left = (r.disabled or r.locked_until > now) and 0 or math.max(P.max_failures - failures, 0)
  return {outcome, now, left, r.locked_until, r.level, v and v.generation or '', v and v.length or 0,
    v and v.epoch or 0, v and v.expires or 0, v and v.lifetime or 0, reset, compared}
end
local function refuse(outcome, ends)
  emit(EVENT_CHECK, outcome, epoch, now, failures, r.level, ends, ARGV[5])
  return answer(outcome, 0)
end

if shaped == 0 then return answer(INVALID_CODE, 0) end
if r.disabled then return refuse(SUBJECT_DISABLED, 0) end
if r.locked_until > now then return refuse(SUBJECT_LOCKED, r.locked_until) end
if state ~= PENDING then return refuse(state, 0) end
local digest
for pos = 1, #ARGV[4], 20 do
  if string.sub(ARGV[4], pos, pos + 3) == v.kid then digest = string.sub(ARGV[4], pos + 4, pos + 19) end
end
if not digest then return refuse(EXPIRED, 0) end

local ref = string.sub(KEYS[1], -16)
r.last_attempt = now
if digest == v.digest then
  verification_end(v, USED)
  entry.failures, entry.guard, entry.run = 0, 0, 0
  failures = record_failures(r)
  emit(EVENT_CHECK, APPROVED, epoch, now, failures, r.level, 0, ARGV[5])
  record_save(KEYS[1], r, now, P.memory)
  return answer(APPROVED, 1)
end

entry.failures, entry.run = math.min(entry.failures + 1, 65535), math.min(entry.run + 1, 65535)
failures, run, r.last_failure = failures + 1, run + 1, now
local locks = failures >= P.max_failures
local disables = P.hard_stop > 0 and run >= P.hard_stop
if locks then lock(r, P, now, failures) end
if disables then
  r.disabled = true
  burn(r)
end
local verdict = disables and WRONG_CODE_DISABLES or locks and WRONG_CODE_LOCKS or WRONG_CODE
emit(EVENT_CHECK, verdict, epoch, now, failures, r.level, 0, ARGV[5])
if locks then emit(EVENT_LOCKOUT, SUBJECT_LOCKED, epoch, now, failures, r.level, r.locked_until, ARGV[5]) end
if disables then emit(EVENT_DISABLE, SUBJECT_DISABLED, epoch, now, run, r.level, 0, ARGV[5]) end
record_save(KEYS[1], r, now, P.memory)
if locks then lock_index(ref, now, r.locked_until) end
if disables then redis.call('ZADD', KEYS[5], now, ref) end
return answer(verdict, 1)
