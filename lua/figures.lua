-- Reads the figures of a bucket. Most of their keys are not there: once all that are have been met, nothing more is asked.
-- keys   1 locked  2 disabled  3... counters, first those that are likely to be there
-- args   1 Redis's clock, ms, as who asks has it
-- Returns {how many subjects are locked, how many disabled, when the first lock ends or 2^63 - 1, for each counter how many fields it
--          has, and each with its number}
register('figures', {'no-writes'}, function(keys, args)
  local figures, left = {0, 0, 0}, call('EXISTS', unpack(keys))
  local stopped = left > 0 and call('EXISTS', keys[1], keys[2]) or 0
  if stopped > 0 then
    local first = call('ZRANGEBYSCORE', keys[1], '(' .. args[1], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    figures = {call('ZCOUNT', keys[1], '(' .. args[1], '+inf'), call('ZCARD', keys[2]), tonumber(first[2]) or 0}
  end
  left = left - stopped
  for i = 3, #keys do
    local fields = left > 0 and call('HGETALL', keys[i]) or {}
    if #fields > 0 then left = left - 1 end
    figures[#figures + 1] = #fields / 2
    for n = 1, #fields, 2 do figures[#figures + 1], figures[#figures + 2] = fields[n], tonumber(fields[n + 1]) or 0 end
  end
  return figures
end)
