-- The state of a client's network where it lies with another server than the subject: looked at, and charged at once where
-- it is not refused. The subject's script decides over all of it together, by what this one saw.
-- KEYS   1 state of the network
-- ARGV   1 limits  2 what is charged: 'send', 'failure', or 'none'
-- Returns packed: u8 1 if it was charged, u48 now, then the state as it was before
if #ARGV ~= 2 or #KEYS ~= 1 then error({err = 'OTPARITY network'}) end
local P, now, state = policy_read(ARGV[1]), clock_ms(), redis.call('GET', KEYS[1])
local ip = ip_read(state)
now = math.max(now, ip.seen)
local charged, room = 0, ip_blocked(ip, P, now) == 0
if ARGV[2] == 'send' and room and P.ip_sends > 0 and log_room(ip.log, P.ip_sends, P.ip_window, now) > 0 then
  ip_spend(ip, P, now)
  charged = 1
elseif ARGV[2] == 'failure' and room and P.ip_failures > 0 then
  ip_fail(ip, P, now)
  charged = 1
end
if charged == 1 then ip_save(KEYS[1], ip, now) end
return struct.pack('>BI6c0', charged, now, state or '')
