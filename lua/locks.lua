-- Lists some of a bucket's locked or disabled subjects, in the order of its index, from a place on; changes nothing.
-- keys   1 index: locked or disabled
-- args   1 1 = locked, 2 = disabled  2 score of the place  3 reference there, '' = before all of that score  4 how many
-- Returns {how many places were looked at, score and reference of the last of them, then for each subject that is
--          stopped: reference, score, since, until or 0, level, reason (0 where it is disabled), failures}

-- stop_read(values of seen, lock, disabled, failures, clock, whether the disabled are asked for, score) -> what is listed, or nil
local function stop_read(got, clock, disabled, score)
  local _, seen = struct.unpack('>BI6', got[1])
  local level, reason, since, ends, failures = 0, 0, 0, 0, 0
  if got[2] then level, reason, since, ends, failures = struct.unpack('>BBI6I6I2', got[2]) end
  local run = got[4] and select(2, struct.unpack('>I2I2', got[4])) or 0
  if disabled and got[3] then return {score, score, 0, level, 0, run} end
  local now = seen > clock + AHEAD_MS and clock or math.max(clock, seen)
  if not disabled and not got[3] and ends > now then return {score, since, ends, level, reason, failures} end
end

register('locks', {'no-writes'}, function(keys, args)
  local disabled, most = args[1] == '2', tonumber(args[4])
  local now, from = clock_ms(), place_find(keys[1], args[2], args[3])
  -- Those whose lock is over stay in the index until a few at a time fall out.
  if not disabled then from = math.max(from, redis.call('ZCOUNT', keys[1], '-inf', now)) end
  local found = redis.call('ZRANGE', keys[1], from, from + most - 1, 'WITHSCORES')
  local out = {#found / 2, found[#found] or '', found[#found - 1] or ''}
  for i = 1, #found, 2 do
    local got = redis.pcall('HMGET', string.sub(keys[1], 1, 10) .. 's:' .. found[i], 'seen', 'lock', 'disabled', 'failures')
    -- One that cannot be read keeps nobody from the others.
    local read, stop = pcall(stop_read, got, now, disabled, tonumber(found[i + 1]))
    if read and stop then
      out[#out + 1] = found[i]
      for n = 1, #stop do out[#out + 1] = stop[n] end
    end
  end
  return out
end)
