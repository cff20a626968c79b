-- Notes once that the user did not ask for this code, and cancels it if it is still pending.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
-- ARGV   1 limits  2 target  3 context of the event  4 when the id is forgotten, ms
-- Returns {state, 1 if it was noted now}
if #ARGV ~= 4 or #KEYS ~= 6 then error({err = 'OTPARITY report'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local entry = purpose_find(r, string.sub(ARGV[2], 1, 4))
local generation, forgotten = string.sub(ARGV[2], 13), tonumber(ARGV[4])
local v, state, marks = target_find(r, entry, string.sub(ARGV[2], 5, 12), generation, forgotten, now, epoch)
if v then marks = v.marks end
if state == NOT_FOUND or (marks or 0) >= 4 then return {state, 0} end
if v then
  v.marks = v.marks + 4
  if state == PENDING then
    verification_end(r, entry, CANCELED)
    state = CANCELED
  end
end
emit(EVENT_REPORT, REPORTED, epoch, now, (record_failures(r)), r.level, 0, ARGV[3])
if v then
  record_save(KEYS[1], r, now, P.memory)
else
  history_report(KEYS[6], generation, state, forgotten, now)
end
return {state, 1}
