-- Gives back what was charged to a client's network, since the subject's script refused or let in.
-- KEYS   1 state of the network
-- ARGV   1 what was charged: 'send' or 'failure'
-- Returns {1}, or {0} where there was nothing to give back
if #ARGV ~= 1 or #KEYS ~= 1 then error({err = 'OTPARITY network_back'}) end
local now, state = clock_ms(), redis.call('GET', KEYS[1])
if not state then return {0} end
local ip = ip_read(state)
log_take_back(ARGV[1] == 'send' and ip.log or ip.failures)
ip_save(KEYS[1], ip, math.max(now, ip.seen))
return {1}
