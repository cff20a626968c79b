-- Charges a budget of where codes go, if there is room: a sorted set of issues by when they were charged, ms (to give one back is ZREM).
-- keys   1 budget   args   1 generation  2 how many at most  3 in which window, ms
-- Returns {1 if it was charged, else 0, ms until there is room}
register('budget', {}, function(keys, args)
  local key, now, most, window = keys[1], clock_ms(), tonumber(args[2]), tonumber(args[3])
  -- What was charged by a clock that was wrong counts as of now; else the last of them is the clock.
  for _, ahead in ipairs(call('ZRANGEBYSCORE', key, now + AHEAD_MS, '+inf')) do call('ZADD', key, now, ahead) end
  now = max(now, tonumber(call('ZRANGE', key, -1, -1, 'WITHSCORES')[2] or 0))
  local gone = call('ZCOUNT', key, '-inf', now - window)
  if gone > 0 then call('ZREMRANGEBYRANK', key, 0, gone - 1) end
  local over = call('ZCARD', key) - most
  -- Where the limit was lowered, more than one must go before there is room.
  if over >= 0 then return {0, call('ZRANGE', key, over, over, 'WITHSCORES')[2] + window - now} end
  call('ZADD', key, now, args[1])
  call('PEXPIRE', key, args[3])
  return {1, 0}
end)
