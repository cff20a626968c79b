-- Counts a failure against a client's network alone: of an id that is not ours, so that no subject is known.
-- KEYS   1 state of the network
-- ARGV   1 limits
-- Returns {outcome, now, wait, ip left, ip reset}: NOT_FOUND, or IP_BLOCKED
if #ARGV ~= 1 or #KEYS ~= 1 then error({err = 'OTPARITY ip_failure'}) end
local P, now = policy_read(ARGV[1]), clock_ms()
local ip = ip_read(redis.call('GET', KEYS[1]))
now = math.max(now, ip.seen)
local wait, left, reset = ip_blocked(ip, P, now)
if wait > 0 then return {IP_BLOCKED, now, wait, left, reset} end
ip_fail(ip, P, now)
ip_save(KEYS[1], ip, now)
wait, left, reset = ip_blocked(ip, P, now)
return {NOT_FOUND, now, 0, left, reset}
