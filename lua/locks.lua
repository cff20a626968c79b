-- Lists some locked or disabled subjects, in the order of their indexes, from a place on; changes nothing.
-- keys   indexes, which lie with one server: each of the locked or the disabled of a bucket
-- args   1 score of the place in the first index  2 reference there, '' = from its beginning  3 how many
-- Returns {how many places were looked at, of the last of them in which index (from 0), score and reference, then for each subject that
--          is stopped: in which index, reference, score, since, until or 0, level, reason (0 where it is disabled, LOCK_UNREADABLE
--          where the record cannot be read), failures}

-- place_find(key, score, reference) -> rank of the first one behind it. Where it is gone, or stands elsewhere by now, those of its
-- score are looked at once more: none is left out.
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
  local out, looked, now, most = {0, 0, '', ''}, 0, clock_ms(), tonumber(args[3])
  -- Most of them are not there: once all that are have been met, nothing more is asked.
  local exist = call('EXISTS', unpack(keys))
  for i = 1, #keys do
    local disabled, left, found = sub(keys[i], -8) == 'disabled', most - looked, nil
    -- Those whose lock is over stay in the index until a few at a time fall out.
    if i == 1 and args[2] ~= '' then
      local from = place_find(keys[i], args[1], args[2])
      if not disabled then from = max(from, call('ZCOUNT', keys[i], '-inf', now)) end
      found = call('ZRANGE', keys[i], from, from + left - 1, 'WITHSCORES')
    else
      found = try('ZRANGE', keys[i], disabled and '-inf' or '(' .. digits[now], '+inf', 'BYSCORE', 'LIMIT', 0, left, 'WITHSCORES')
      -- What is no index has nobody in it, and keeps nobody from the others.
      if found.err then found = {} end
    end
    for n = 1, #found, 2 do
      local got, score = try('HMGET', sub(keys[i], 1, HEAD) .. 's:' .. found[n], 'seen', 'lock', 'disabled', 'failures'), tonumber(found[n + 1])
      -- One that cannot be read keeps nobody from the others, and is listed: it stops its subject.
      local read, stop = pcall(stop_read, got, now, disabled, score)
      if not read then stop = {score, 0, score, 0, LOCK_UNREADABLE, 0} end
      if stop then
        out[#out + 1], out[#out + 2] = i - 1, found[n]
        for k = 1, #stop do out[#out + 1] = stop[k] end
      end
      out[2], out[3], out[4] = i - 1, found[n + 1], found[n]
    end
    looked, exist = looked + #found / 2, exist - min(#found, 1)
    if looked >= most or exist <= 0 then break end
  end
  out[1] = looked
  return out
end)
