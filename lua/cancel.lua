-- Cancels a verification by its id. Gives no quota back; what already ended stays what it was.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
-- ARGV   1 limits  2 target: purpose tag (4) spelling (8) generation (12)  3 context of the event
--        4 when the id is forgotten, ms
-- Returns {state}
if #ARGV ~= 4 or #KEYS ~= 6 then error({err = 'OTPARITY cancel'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local entry = purpose_find(r, string.sub(ARGV[2], 1, 4))
local v, state =
  target_find(r, entry, string.sub(ARGV[2], 5, 12), string.sub(ARGV[2], 13), tonumber(ARGV[4]), now, epoch)
if state ~= PENDING then
  if expire_seen(r, entry, v, state) then record_save(KEYS[1], r, now, P.memory) end
  return {state}
end
verification_end(r, entry, CANCELED)
emit(EVENT_CANCEL, CANCELED, epoch, now, (record_failures(r)), r.level, 0, ARGV[3])
record_save(KEYS[1], r, now, P.memory)
return {CANCELED}
