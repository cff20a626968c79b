-- Looks at one verification by its id; changes nothing.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
-- ARGV   1 limits  2 target: purpose tag (4) spelling (8) generation (12)  3 when the id is forgotten, ms
-- Returns {state, now, attempts left}
if #ARGV ~= 3 or #KEYS ~= 6 then error({err = 'OTPARITY get'}) end
local P = policy_read(ARGV[1])
local r, epoch, now = open_subject(P)
local entry = purpose_find(r, string.sub(ARGV[2], 1, 4))
local _, state =
  target_find(r, entry, string.sub(ARGV[2], 5, 12), string.sub(ARGV[2], 13), tonumber(ARGV[3]), now, epoch)
local blocked = r.disabled or r.locked_until > now
return {state, now, blocked and 0 or math.max(P.max_failures - record_failures(r), 0)}
