-- An operator ends what stops a subject: lock, hard stop, failures and level. Quotas and pauses stay, and no code comes
-- back: what the lock had not burnt yet, since the comparison that began it is not over, is burnt now. Comparisons that
-- are open stay charged where their codes live on, so that no guess is given back.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 when this was last done
-- ARGV   1 limits  2 context of the event
-- Returns {1 if there was something to end, else 0}
if #ARGV ~= 2 or #KEYS ~= 6 then error({err = 'OTPARITY unlock'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local locked, failures, run = r.locked_until > now, record_failures(r)
local held = r.disabled or r.locked_until > 0 or failures + run > 0
local level, ends = r.level, locked and r.locked_until or 0
if locked then failures = r.lock_failures end

local stopped = locked or r.disabled
if stopped then burn(r, now, epoch) end
for i = 1, #r.purposes do
  local p = r.purposes[i]
  p.failures, p.guard, p.run = 0, 0, 0
end
for i = 1, #r.claims do
  local claim = r.claims[i]
  local entry = purpose_find(r, claim.tag)
  claim.reached = 0
  if entry and not stopped then
    entry.failures = entry.failures + 1
    if P.hard_stop > 0 then entry.run = entry.run + 1 end
  end
end
r.disabled, r.level, r.lock_reason, r.locked_at, r.locked_until, r.lock_failures = false, 0, 0, 0, 0, 0

emit(EVENT_ADMIN_UNLOCK, held and RECORDED or NOT_FOUND, epoch, now, failures, level, ends, ARGV[2])
if held then record_save(KEYS[1], r, now, P.memory) end
-- Longer than any sidecar remembers what it told before (lua/replay.lua).
redis.call('SET', KEYS[6], struct.pack('>I6', now), 'PX', '120000')
redis.call('ZREM', KEYS[4], string.sub(KEYS[1], -16))
redis.call('ZREM', KEYS[5], string.sub(KEYS[1], -16))
return {held and 1 or 0}
