-- Second half of a check: what the comparison said. Only a claim that is still open can succeed, only for the very code
-- that it was made for, and only while that code may still be used.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
--        then, by flags, state of the client's network; answer and its code
-- ARGV   1 limits  2 target  3 id of the operation (8)  4 1 = the code was right  5 context of the event  6 flags
--        7 body of the answer (16)
--        then, with flag 4, when and what the network's state was: u48, state
-- Returns what check_answer says, with UNSETTLED where the claim is not open any more
if (#ARGV ~= 7 and #ARGV ~= 8) or #KEYS < 6 then error({err = 'OTPARITY settle'}) end
local P, flags, right = policy_read(ARGV[1]), tonumber(ARGV[6]), ARGV[4] == '1'
local ip_key, answer_key = extra_keys(7, flags)
local r, epoch, now, ip = open_subject(P, ip_key)
-- What came along is how it stood before the claim was charged.
if ip_key == THERE then ip_fail(ip, P, now) end
local ours = answer_ours(answer_key, ARGV[3])
local claim, index = claim_find(r, ARGV[3])
if not claim then return check_answer(UNSETTLED, r, nil, ip, ip_key, P, now, 0) end
local claims = {unpack(r.claims)}
table.remove(r.claims, index)
local entry = purpose_find(r, claim.tag)
local v = entry and entry.verification
local state = SUPERSEDED
if v and v.generation == claim.generation then state = verification_state(v, now, epoch) end

-- Whether what stops this subject is nothing but claims of this very generation, which its success forgives.
local own_lock, own_stop = false, false
for i = 1, #claims do
  if claims[i].generation == claim.generation then
    own_lock = own_lock or claims[i].reached % 2 == 1
    own_stop = own_stop or claims[i].reached >= 2
  end
end

local verdict, ends, lifted, enabled, locks, disables = state, 0, false, false, false, false
if right and state == PENDING and r.disabled and not own_stop then
  verdict = SUBJECT_DISABLED
elseif right and state == PENDING and r.locked_until > now and not own_lock then
  verdict, ends = SUBJECT_LOCKED, r.locked_until
elseif right and state == PENDING then
  verdict = APPROVED
  lifted, enabled = claims_forgive(r, claims, claim.generation)
  verification_end(r, entry, USED)
  entry.failures, entry.guard, entry.run = 0, 0, 0
  -- The charge was no failure after all: those of other purposes are forgotten when they would have been.
  r.last_failure = claim.prior
elseif state ~= USED then
  locks, disables = claim.reached % 2 == 1, claim.reached >= 2
  -- Wrong, or right too late: the lock that it began stands.
  claim_fail(r, claim, now, epoch)
  if not right then verdict = attempt_verdict(locks, disables) end
end
if verdict == WRONG_CODE or verdict == WRONG_CODE_LOCKS or verdict == WRONG_CODE_DISABLES then
  attempt_events(EVENT_CHECK, r, epoch, now, claim.failures, locks, disables, ARGV[5])
else
  emit(EVENT_CHECK, verdict, epoch, now, (record_failures(r)), r.level, ends, ARGV[5])
  if locks then emit(EVENT_LOCKOUT, SUBJECT_LOCKED, epoch, now, claim.failures, r.level, r.locked_until, ARGV[5]) end
  if disables then emit(EVENT_DISABLE, SUBJECT_DISABLED, epoch, now, claim.failures, r.level, 0, ARGV[5]) end
end
record_save(KEYS[1], r, now, P.memory)
if lifted then redis.call('ZREM', KEYS[4], string.sub(KEYS[1], -16)) end
if enabled then redis.call('ZREM', KEYS[5], string.sub(KEYS[1], -16)) end
if ip_key and not check_counts(verdict) and P.ip_failures > 0 then
  log_take_back(ip.failures)
  ip_save(ip_key, ip, now)
end
-- What was left as of this claim, whatever others charged since.
local attempts
if not right then attempts = disables and 0 or math.max(P.max_failures - claim.failures, 0) end
local reply = check_answer(verdict, r, v, ip, ip_key, P, now, ends, attempts)
if ours then
  if verdict < SUBJECT_DISABLED then
    answer_keep(answer_key, ARGV[7], reply)
  else
    redis.call('DEL', answer_key)
  end
end
return reply
