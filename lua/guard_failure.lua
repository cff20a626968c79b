-- Records a failure of a check that the app made itself.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history  then, by flags, state of the client's network
-- ARGV   1 limits  2 purpose tag (4)  3 context of the event  4 flags: 1 network
--        then, with flag 4, when and what the network's state was: u48, state
-- Returns what check_answer says: WRONG_CODE, WRONG_CODE_LOCKS or a refusal
if (#ARGV ~= 4 and #ARGV ~= 5) or #KEYS < 6 then error({err = 'OTPARITY guard_failure'}) end
local P, tag, flags = policy_read(ARGV[1]), ARGV[2], tonumber(ARGV[4])
local ip_key = extra_keys(7, flags)
local r, epoch, now, ip = open_subject(P, ip_key, ...)
local closed = claims_close(r, epoch, now)
local blocked = ip_key and ip_blocked(ip, P, now) or 0
local refusal, ends
if r.disabled then
  refusal, ends = SUBJECT_DISABLED, 0
elseif r.locked_until > now then
  refusal, ends = SUBJECT_LOCKED, r.locked_until
elseif blocked > 0 then
  refusal, ends = IP_BLOCKED, now + blocked
end
if refusal then
  emit(EVENT_FAILURE, refusal, epoch, now, (record_failures(r)), r.level, ends, ARGV[3])
  if closed then record_save(KEYS[1], r, now, P.memory) end
  return check_answer(refusal, r, nil, ip, ip_key, P, now, ends)
end

local ended = {}
local entry = purpose_take(r, tag, now, epoch, ended)
local failures, locks = attempt_charge(r, entry, P, now, 'guard')
if locks then
  lock_begin(r, P, now, failures)
  lock_seal(r, now, epoch)
end
attempt_events(EVENT_FAILURE, r, epoch, now, failures, locks, false, ARGV[3])
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[6], ended, now) end
if locks then lock_index(now, r.locked_until) end
if ip_key and P.ip_failures > 0 then
  ip_fail(ip, P, now)
  ip_save(ip_key, ip, now)
end
return check_answer(attempt_verdict(locks, false), r, nil, ip, ip_key, P, now, 0)
