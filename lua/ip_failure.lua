-- Counts a failure against a client's network alone: of an id that is not ours, so that no subject is known.
-- KEYS   1 state of the network  2 epoch  3 events
-- ARGV   1 limits  2 context of the event
-- Returns {outcome, now, wait, ip left, ip reset}: NOT_FOUND, or IP_BLOCKED
if #ARGV ~= 2 or #KEYS ~= 3 then error({err = 'OTPARITY ip_failure'}) end
local P, now, got = policy_read(ARGV[1]), clock_ms(), redis.call('MGET', KEYS[1], KEYS[2])
local ip, epoch = ip_read(got[1]), tonumber(got[2] or 1)
now = math.max(now, ip.seen)
local wait, left, reset = ip_blocked(ip, P, now)
if wait > 0 then
  emit(EVENT_CHECK, IP_BLOCKED, epoch, now, 0, 0, now + wait, ARGV[2])
  return {IP_BLOCKED, now, wait, left, reset}
end
emit(EVENT_CHECK, NOT_FOUND, epoch, now, 0, 0, 0, ARGV[2])
ip_fail(ip, P, now)
ip_save(KEYS[1], ip, now)
wait, left, reset = ip_blocked(ip, P, now)
return {NOT_FOUND, now, 0, left, reset}
