-- First half of a check whose digest takes time: decides like check and charges the attempt, before anything is compared.
-- The claim that reaches the limit begins the lock at once; a crash leaves the charge, and the lock, as they are.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
--        then, by flags, state of the client's network; answer and its code
-- ARGV   1 limits  2 target  3 form of the code
--        4 kids of the ring: n x 4  5 context of the event  6 when the id is forgotten, ms  7 flags  8 body of the
--        answer (16)  9 id of the operation (8)
--        then, with flag 4, when and what the network's state was: u48, state
-- Returns what check_answer says, then for CLAIMED: kid (4), u16 attempts left as of this claim, digest (with salt, cost)
if (#ARGV ~= 9 and #ARGV ~= 10) or #KEYS < 6 then error({err = 'OTPARITY claim'}) end
local P, flags = policy_read(ARGV[1]), tonumber(ARGV[7])
local ip_key, answer_key, code_key = extra_keys(7, flags)
local known = answer_look(answer_key, code_key, ARGV[8])
if known and known[1] ~= KEY_REUSED then return known end
local r, epoch, now, ip = open_subject(P, ip_key)
if known then return check_reused(known, r, ip, ip_key, P, now, epoch, ARGV[2], ARGV[3], tonumber(ARGV[6])) end
local closed = claims_close(r, epoch, now)
local entry, v, state, verdict, ends =
  check_look(r, ip, ip_key, P, now, epoch, ARGV[2], ARGV[3], tonumber(ARGV[6]))
if not verdict then
  local known_kid = false
  for pos = 1, #ARGV[4], 4 do known_kid = known_kid or string.sub(ARGV[4], pos, pos + 3) == v.kid end
  if not known_kid then verdict = EXPIRED end
  -- More codes in comparison than any limit that is not weak: whoever comes now may come again.
  if #r.claims >= CLAIMS_MAX then verdict = IN_PROGRESS end
end

if verdict then
  if verdict ~= INVALID_CODE and verdict ~= IN_PROGRESS then
    emit(EVENT_CHECK, verdict, epoch, now, (record_failures(r)), r.level, ends, ARGV[5])
  end
  if expire_seen(r, entry, v, state) or closed then record_save(KEYS[1], r, now, P.memory) end
  if ip_key and check_counts(verdict) and P.ip_failures > 0 then
    ip_fail(ip, P, now)
    ip_save(ip_key, ip, now)
  end
  local reply = check_answer(verdict, r, v, ip, ip_key, P, now, ends)
  if verdict <= NOT_FOUND then answer_keep(answer_key, ARGV[8], reply) end
  return reply
end

local prior = r.last_failure
local failures, locks, disables = attempt_charge(r, entry, P, now, 'failures')
local claim = {id = ARGV[9], tag = entry.tag, generation = v.generation, at = now, prior = prior, failures = failures,
  reached = (locks and 1 or 0) + (disables and 2 or 0), before = lock_block(r)}
r.claims[#r.claims + 1] = claim
if locks then lock_begin(r, P, now, failures) end
if disables then r.disabled = true end
record_save(KEYS[1], r, now, P.memory)
if locks then lock_index(now, r.locked_until) end
if disables then disable_index(now) end
if ip_key and P.ip_failures > 0 then
  ip_fail(ip, P, now)
  ip_save(ip_key, ip, now)
end
answer_begin(answer_key, ARGV[8], ARGV[9])
return check_answer(CLAIMED, r, v, ip, ip_key, P, now, 0)
  .. struct.pack('>c4I2c0', v.kid, math.max(P.max_failures - failures, 0), v.digest)
