-- Looks at one verification by its id; changes nothing.
-- KEYS   1 record  2 epoch  3 events  4 index of locked  5 index of disabled  6 history
-- ARGV   1 limits  2 target: purpose tag (4) spelling (8) generation (12)  3 when the id is forgotten, ms
-- Returns {state, now, attempts left}
if #ARGV ~= 3 or #KEYS ~= 6 then error({err = 'OTPARITY get'}) end
local P = policy_read(ARGV[1])
local tag, spelling, generation = string.sub(ARGV[2], 1, 4), string.sub(ARGV[2], 5, 12), string.sub(ARGV[2], 13)
local now = clock_ms()
local got = redis.call('MGET', KEYS[1], KEYS[2])
local r, epoch = record_read(got[1]), tonumber(got[2] or 1)
now = math.max(now, r.seen)
record_settle(r, now, P.memory)

local _, state = target_find(purpose_find(r, tag), spelling, generation, tonumber(ARGV[3]), now, epoch)
local blocked = r.disabled or r.locked_until > now
return {state, now, blocked and 0 or math.max(P.max_failures - record_failures(r), 0)}
