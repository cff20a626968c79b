-- Checks a code whose digest the sidecar could compute: charges the attempt, compares, settles.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
--        then, by flags, state of the client's network; answer and its code
-- ARGV   1 limits  2 target: purpose tag (4) spelling (8) generation (12, or nothing where no id was given)
--        3 form of the code  4 digests: n x (kid 4, digest 16)
--        5 context of the event  6 when the id is forgotten, ms (0 where no id was given)
--        7 flags: 1 network, 2 answer  8 body of the answer (16)
-- Returns what check_answer says; CLAIMED where the digest takes time: nothing is charged yet, claim must be asked;
-- {REPLAYED, '', reply}, {KEY_REUSED} or {IN_PROGRESS}
if #ARGV ~= 8 or #KEYS < 6 then error({err = 'OTPARITY check'}) end
local P, flags = policy_read(ARGV[1]), tonumber(ARGV[7])
local ip_key, answer_key, code_key = extra_keys(7, flags)
local known = answer_look(answer_key, code_key, ARGV[8])
if known then return known end
local r, epoch, now, ip = open_subject(P, ip_key)
local closed = claims_close(r, epoch, now)
local entry, v, state, verdict, ends =
  check_look(r, ip, ip_key, P, now, epoch, ARGV[2], ARGV[3], tonumber(ARGV[6]))

local digest
if not verdict then
  if #v.digest ~= 16 then
    if closed then record_save(KEYS[1], r, now, P.memory) end
    return check_answer(CLAIMED, r, v, ip, ip_key, P, now, 0)
  end
  for pos = 1, #ARGV[4], 20 do
    if string.sub(ARGV[4], pos, pos + 3) == v.kid then digest = string.sub(ARGV[4], pos + 4, pos + 19) end
  end
  -- A pepper that left the ring: nobody can tell any more, so it counts for nothing.
  if not digest then verdict = EXPIRED end
end

local failures, locks, disables, changed = record_failures(r), false, false, closed
if verdict == INVALID_CODE then
  if closed then record_save(KEYS[1], r, now, P.memory) end
  return check_answer(verdict, r, v, ip, ip_key, P, now, 0)
elseif verdict then
  emit(EVENT_CHECK, verdict, epoch, now, failures, r.level, ends, ARGV[5])
  changed = expire_seen(r, entry, v, state) or closed
elseif digest == v.digest then
  verdict, changed, r.last_attempt = APPROVED, true, now
  verification_end(r, entry, USED)
  entry.failures, entry.guard, entry.run = 0, 0, 0
  emit(EVENT_CHECK, APPROVED, epoch, now, (record_failures(r)), r.level, 0, ARGV[5])
else
  changed = true
  failures, locks, disables = attempt_charge(r, entry, P, now, 'failures')
  verdict = attempt_verdict(locks, disables)
  if locks then
    lock_begin(r, P, now, failures)
    lock_seal(r, now, epoch)
  end
  if disables then
    r.disabled = true
    burn(r, now, epoch)
  end
  attempt_events(EVENT_CHECK, r, epoch, now, failures, locks, disables, ARGV[5])
end
if changed then record_save(KEYS[1], r, now, P.memory) end
if locks then lock_index(now, r.locked_until) end
if disables then disable_index(now) end
if ip_key and check_counts(verdict) and P.ip_failures > 0 then
  ip_fail(ip, P, now)
  ip_save(ip_key, ip, now)
end
local reply = check_answer(verdict, r, v, ip, ip_key, P, now, ends)
if verdict < SUBJECT_DISABLED then answer_keep(answer_key, ARGV[8], reply) end
return reply
