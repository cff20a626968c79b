-- An operator ends the block of a client's network: its failures are forgotten. What it has sent stays counted.
-- KEYS   1 state of the network  2 epoch  3 events
-- ARGV   1 limits  2 context of the event
-- Returns {1 if there was something to end, else 0}
if #ARGV ~= 2 or #KEYS ~= 3 then error({err = 'OTPARITY unblock'}) end
local P, now = policy_read(ARGV[1]), clock_ms()
local got = redis.call('MGET', KEYS[1], KEYS[2])
local ip = ip_read(got[1])
now = math.max(now, ip.seen)
local failures = log_used(ip.failures, P.ip_memory, now)
local blocked = ip_blocked(ip, P, now)
emit(EVENT_ADMIN_UNLOCK, failures > 0 and RECORDED or NOT_FOUND, tonumber(got[2] or 1), now, math.min(failures, 65535), 0,
  blocked > 0 and now + blocked or 0, ARGV[2])
if #ip.failures.at > 0 then
  ip.failures = log_new()
  ip_save(KEYS[1], ip, now)
end
return {failures > 0 and 1 or 0}
