-- Lists some of a bucket's locked or disabled subjects, in the order of its index, from a place on; changes nothing.
-- keys   1 index: locked or disabled
-- args   1 1 = locked, 2 = disabled  2 score of the place  3 reference there, '' = before all of that score  4 how many
-- Returns {how many places were looked at, score and reference of the last of them, then for each subject that is
--          stopped: reference, score, since, until or 0, level, reason (0 where it is disabled, LOCK_UNREADABLE where the record cannot be read), failures}

-- place_find(key, score, reference) -> rank of the first one behind it ('' stands before all of that score). Where it is gone, or
-- stands elsewhere by now, those of its score are looked at once more: none is left out.
local function place_find(key, score, reference)
  local rank = call('ZRANK', key, reference)
  if rank and call('ZRANGE', key, rank, rank, 'WITHSCORES')[2] == score then return rank + 1 end
  return call('ZCOUNT', key, '-inf', '(' .. score)
end

-- stop_read(values of seen, lock, disabled, failures, clock, whether the disabled are asked for, score) -> what is listed, or nil
local function stop_read(got, clock, disabled, score)
  local _, seen = parse('>BI6', got[1])
  local lock, run = got[2] and lock_read(got[2]) or NO_LOCK, got[4] and select(2, parse('>I2I2', got[4])) or 0
  if disabled and got[3] then return {score, score, 0, lock.level, 0, run} end
  local now = seen > clock + AHEAD_MS and clock or max(clock, seen)
  if disabled or got[3] or lock.ends <= now then return nil end
  return {score, lock.since, lock.ends, lock.level, lock.reason, lock.failures}
end

register('locks', {'no-writes'}, function(keys, args)
  local disabled, most = args[1] == '2', tonumber(args[4])
  local now, from = clock_ms(), place_find(keys[1], args[2], args[3])
  -- Those whose lock is over stay in the index until a few at a time fall out.
  if not disabled then from = max(from, call('ZCOUNT', keys[1], '-inf', now)) end
  local found = call('ZRANGE', keys[1], from, from + most - 1, 'WITHSCORES')
  local out = {#found / 2, found[#found] or '', found[#found - 1] or ''}
  for i = 1, #found, 2 do
    local got = try('HMGET', bucket.head .. 's:' .. found[i], 'seen', 'lock', 'disabled', 'failures')
    -- One that cannot be read keeps nobody from the others, and is listed: it stops its subject.
    local read, stop = pcall(stop_read, got, now, disabled, tonumber(found[i + 1]))
    if not read then stop = {tonumber(found[i + 1]), 0, tonumber(found[i + 1]), 0, LOCK_UNREADABLE, 0} end
    if stop then
      out[#out + 1] = found[i]
      for n = 1, #stop do out[#out + 1] = stop[n] end
    end
  end
  return out
end)
