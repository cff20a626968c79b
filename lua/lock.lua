-- An operator locks a subject: as any lock it burns every pending code. A lock that runs longer is left as it is. The
-- level does not grow, since nobody guessed; failures that count go on counting when the lock has ended.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled
-- ARGV   1 limits  2 context of the event  3 ms that it lasts
-- Returns {locked until, level, 1 if it is this lock that runs, 0 where a longer one does}
if #ARGV ~= 3 or #KEYS ~= 5 then error({err = 'OTPARITY lock'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local ends, begun = now + tonumber(ARGV[3]), false
for i = 1, #r.claims do
  -- A right code that is still being compared lifts the lock that it began, but not an operator's.
  if r.claims[i].reached % 2 == 1 then r.claims[i].reached, begun = r.claims[i].reached - 1, true end
end
if begun then lock_seal(r, now, epoch) else burn(r, now, epoch) end
local longest = ends > r.locked_until
if longest then
  r.lock_reason, r.locked_at, r.locked_until, r.lock_failures = LOCK_BY_HAND, now, ends, (record_failures(r))
end
emit(EVENT_ADMIN_LOCK, RECORDED, epoch, now, r.lock_failures, r.level, r.locked_until, ARGV[2])
record_save(KEYS[1], r, now, P.memory)
lock_index(now, r.locked_until)
return {r.locked_until, r.level, longest and 1 or 0}
