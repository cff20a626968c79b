-- Puts back what was answered to a caller and is not here: the server that knew it is gone, and this one had not heard of it.
-- Nothing is ever made less by it.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history  7 where the bucket was found  8 when an operator
--        last ended what stopped the subject
-- ARGV   1 limits  2 purpose tag (4) of the last failure  3 context of the event
--        4 failures (2), of which so many in a row of this purpose (2), level of the lock (1), its reason (1), when it began
--        and ends, ms (6, 6), 1 where the subject was disabled (1), when it was answered, ms (6)
-- Returns {1 if something was put back, else 0}
if #ARGV ~= 4 or #KEYS ~= 8 then error({err = 'OTPARITY replay'}) end
local P = policy_read(ARGV[1])
local failures, run, level, reason, locked_at, locked_until, disabled, told = struct.unpack('>I2I2BBI6I6BI6', ARGV[4])
local r, epoch, now = open_subject(P)
local known = redis.call('MGET', KEYS[7], KEYS[8])
local since = known[1] and struct.unpack('>I6', known[1], 41) or 0
-- What a server has of another's writes is all of them up to some moment: where there is a later one, this is among them.
if told < r.seen and r.seen < since then return {0} end
if known[2] and told <= struct.unpack('>I6', known[2]) then return {0} end
local ended, changed = {}, false
local entry = purpose_find(r, ARGV[2])

-- The failures of a lock are spent with it.
local missing = reason == 0 and disabled == 0 and r.locked_until <= now and failures - (record_failures(r)) or 0
if missing > 0 then
  entry = entry or purpose_take(r, ARGV[2], now, epoch, ended)
  entry.failures, changed = math.min(entry.failures + missing, 65535), true
  entry.run = math.max(entry.run, run)
  r.last_failure, r.last_attempt = now, now
end
local locks = locked_until > now and locked_until > r.locked_until
if locks then
  r.level, r.lock_reason, r.locked_at = math.max(r.level, level), reason, locked_at
  r.locked_until, r.lock_failures, changed = locked_until, failures, true
  lock_seal(r, now, epoch)
end
local disables = disabled == 1 and not r.disabled
if disables then
  r.disabled, changed = true, true
  burn(r, now, epoch)
end
if not changed then return {0} end
emit(EVENT_STORE_REPLAY, RECORDED, epoch, now, locks and failures or (record_failures(r)), r.level, locks and locked_until or 0, ARGV[3])
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[6], ended, now) end
if locks then lock_index(now, r.locked_until) end
if disables then disable_index(now) end
return {1}
