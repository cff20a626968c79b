-- Looks at one subject; changes nothing.
-- KEYS   1 record  2 epoch
-- ARGV   1 limits  2 purpose tag (4)
-- Returns what standing says
if #ARGV ~= 2 or #KEYS ~= 2 then error({err = 'OTPARITY status'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
return standing(r, P, ARGV[2], now, epoch)
