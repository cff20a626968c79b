-- Lists some of a bucket's locked or disabled subjects, in the order of its index, from a place on; changes nothing.
-- KEYS   1 index: locked or disabled
-- ARGV   1 1 = locked, 2 = disabled  2 score of the place  3 reference there, '' = before all of that score  4 how many
-- Returns {how many places were looked at, score and reference of the last of them, then for each subject that is
--          stopped: reference, score, since, until or 0, level, reason (0 where it is disabled), failures}
if #ARGV ~= 4 or #KEYS ~= 1 then error({err = 'OTPARITY locks'}) end
local disabled, most = ARGV[1] == '2', tonumber(ARGV[4])
local now, from = clock_ms(), place_find(KEYS[1], ARGV[2], ARGV[3])
-- Those whose lock is over stay in the index until a few at a time fall out.
if not disabled then from = math.max(from, redis.call('ZCOUNT', KEYS[1], '-inf', now)) end
local found = redis.call('ZRANGE', KEYS[1], from, from + most - 1, 'WITHSCORES')
local out = {#found / 2, found[#found] or '', found[#found - 1] or ''}
for i = 1, #found, 2 do
  local r = record_read(redis.call('GET', string.sub(KEYS[1], 1, 10) .. 's:' .. found[i]))
  local n, score, _, run = #out, tonumber(found[i + 1]), record_failures(r)
  if disabled and r.disabled then
    out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5], out[n + 6], out[n + 7] =
      found[i], score, score, 0, r.level, 0, run
  elseif not disabled and not r.disabled and r.locked_until > math.max(now, r.seen) then
    out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5], out[n + 6], out[n + 7] =
      found[i], score, r.locked_at, r.locked_until, r.level, r.lock_reason, r.lock_failures
  end
end
return out
