-- The app's own check succeeded: clears the failures that guard_failure recorded for this purpose, and no others.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
-- ARGV   1 limits  2 purpose tag (4)  3 context of the event
-- Returns what check_answer says: APPROVED or a refusal
if #ARGV ~= 3 or #KEYS ~= 6 then error({err = 'OTPARITY guard_success'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local refusal, ends
if r.disabled then
  refusal, ends = SUBJECT_DISABLED, 0
elseif r.locked_until > now then
  refusal, ends = SUBJECT_LOCKED, r.locked_until
end
if not refusal then
  local entry = purpose_find(r, ARGV[2])
  if entry then entry.guard = 0 end
  record_settle(r, now, P.memory)
end
emit(EVENT_SUCCESS, refusal or APPROVED, epoch, now, (record_failures(r)), r.level, ends or 0, ARGV[3])
if not refusal and #r.purposes + r.last_attempt > 0 then record_save(KEYS[1], r, now, P.memory) end
return check_answer(refusal or APPROVED, r, nil, ip_new(), nil, P, now, ends or 0)
