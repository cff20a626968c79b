-- Notes once whether a code reached its user.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
-- ARGV   1 limits  2 target  3 context of the event  4 when the id is forgotten, ms  5 1 = delivered, 2 = failed
-- Returns {state, 1 if it was noted now}
if #ARGV ~= 5 or #KEYS ~= 6 then error({err = 'OTPARITY delivery'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local entry = purpose_find(r, string.sub(ARGV[2], 1, 4))
local v, state =
  target_find(r, entry, string.sub(ARGV[2], 5, 12), string.sub(ARGV[2], 13), tonumber(ARGV[4]), now, epoch)
-- One that gave its place to a later code has none to note it in.
if not v or v.marks % 4 > 0 then return {state, 0} end
v.marks = v.marks + tonumber(ARGV[5])
emit(EVENT_DELIVERY, ARGV[5] == '1' and DELIVERED or FAILED, epoch, now, (record_failures(r)), r.level, 0, ARGV[3])
record_save(KEYS[1], r, now, P.memory)
return {state, 1}
