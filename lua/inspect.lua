-- Looks at all that is held of one subject, but no code and no digest; changes nothing.
-- KEYS   1 record  2 epoch  3 disabled  then, where an address was given, state of the client's network
-- ARGV   1 limits  2 purpose tag (4)  then, where the network's state lies elsewhere, when and what it was: u48, state
-- Returns {what standing says..., reason of the lock, when it began, when it ends or ended, failures that led to it,
--          disabled since, wrong codes in a row, last failure,
--          wait of the quota, pause left, sends of the network left and their wait, failures of the network left and the
--          wait of its block, checks being compared, n, then for each purpose: tag, failures, those of the guard, wrong
--          codes in a row, 1 if it has a budget of its own, state of its code or -1, its end, its marks}
if (#ARGV ~= 2 and #ARGV ~= 3) or (#KEYS ~= 3 and #KEYS ~= 4) then error({err = 'OTPARITY inspect'}) end
local P = policy_read(ARGV[1])
local ip_key = #ARGV > 2 and THERE or KEYS[4]
local r, epoch, now, ip = open_subject(P, ip_key)
local look = sends_look(r, purpose_find(r, ARGV[2]), ip, ip_key, P, now)
local _, run = record_failures(r)
local since = r.disabled and redis.call('ZSCORE', KEYS[3], string.sub(KEYS[1], -16))
local blocked, ip_failures = 0, -1
if ip_key then blocked, ip_failures = ip_blocked(ip, P, now) end

local out = standing(r, P, ARGV[2], now, epoch)
local function add(...)
  for i = 1, select('#', ...) do out[#out + 1] = (select(i, ...)) end
end
add(r.lock_reason, r.locked_at, r.locked_until, r.lock_failures, tonumber(since or 0), run, r.last_failure)
add(look.wait, look.pause, look.ip_left, look.ip_wait, ip_failures, blocked, #r.claims, #r.purposes)
for i = 1, #r.purposes do
  local p, v = r.purposes[i], r.purposes[i].verification
  add(p.tag, p.failures, p.guard, p.run, p.own and 1 or 0)
  add(v and verification_state(v, now, epoch) or -1, v and v.expires or 0, v and v.marks or 0)
end
return out
