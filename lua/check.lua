-- Checks a code whose digest the sidecar could compute: charges the attempt, compares, settles.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
--        then any of: state of the client's network; answer and its code
-- ARGV   1 limits  2 target: purpose tag (4) spelling (8) generation (12, or nothing where no id was given)
--        3 form of the code (4), u48 when the id is forgotten, ms (0 where no id was given), n x (kid 4, digest 16)
--        4 context of the event  then, with an answer, 5 its body (16)
--        then, where the network's state lies elsewhere, when and what it was: u48, state
-- Returns what check_answer says; CLAIMED where the digest takes time: nothing is charged yet, claim must be asked;
-- {REPLAYED, '', answer}, {KEY_REUSED} or {IN_PROGRESS}
if #ARGV < 4 or #ARGV > 6 or #KEYS < 6 then error({err = 'OTPARITY check'}) end
local P, form, context = policy_read(ARGV[1]), ARGV[3], ARGV[4]
local ip_key, answer_key, code_key = extra_keys(7, #KEYS - 6 + (#ARGV > 4 + ((#KEYS - 6) >= 2 and 1 or 0) and 4 or 0))
local known = answer_look(answer_key, code_key, ARGV[5])
if known and known[1] ~= KEY_REUSED then return known end
local r, epoch, now, ip = open_subject(P, ip_key, ...)
local forgotten = struct.unpack('>I6', form, 5)
if known then return check_reused(known, r, ip, ip_key, P, now, epoch, ARGV[2], form, forgotten) end
local closed = claims_close(r, epoch, now)
local entry, v, state, verdict, ends =
  check_look(r, ip, ip_key, P, now, epoch, ARGV[2], form, forgotten)

local digest
if not verdict then
  if #v.digest ~= 16 then
    if closed then record_save(KEYS[1], r, now, P.memory) end
    return check_answer(CLAIMED, r, v, ip, ip_key, P, now, 0)
  end
  for pos = 11, #form, 20 do
    if string.sub(form, pos, pos + 3) == v.kid then digest = string.sub(form, pos + 4, pos + 19) end
  end
  -- A pepper that left the ring: nobody can tell any more, so it counts for nothing.
  if not digest then verdict = EXPIRED end
end

local failures, locks, disables, changed = record_failures(r), false, false, closed
if verdict == INVALID_CODE then
  if closed then record_save(KEYS[1], r, now, P.memory) end
  return check_answer(verdict, r, v, ip, ip_key, P, now, 0)
elseif verdict then
  emit(EVENT_CHECK, verdict, epoch, now, failures, r.level, ends, context)
  changed = expire_seen(r, entry, v, state) or closed
elseif digest == v.digest then
  verdict, changed, r.last_attempt = APPROVED, true, now
  verification_end(r, entry, USED)
  entry.failures, entry.guard, entry.run = 0, 0, 0
  emit(EVENT_CHECK, APPROVED, epoch, now, (record_failures(r)), r.level, 0, context)
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
  attempt_events(EVENT_CHECK, r, epoch, now, failures, locks, disables, context)
end
if changed then record_save(KEYS[1], r, now, P.memory) end
if locks then lock_index(now, r.locked_until) end
if disables then disable_index(now) end
if ip_key and check_counts(verdict) and P.ip_failures > 0 then
  ip_fail(ip, P, now)
  ip_save(ip_key, ip, now)
end
local reply = check_answer(verdict, r, v, ip, ip_key, P, now, ends)
if verdict < SUBJECT_DISABLED then answer_keep(answer_key, ARGV[5], reply) end
return reply
