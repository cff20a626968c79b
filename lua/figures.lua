-- Reads the figures of a bucket.
-- keys   1 locked  2 disabled  3... counters
-- args   1 Redis's clock, ms, as who asks has it
-- Returns {how many subjects are locked, how many disabled, for each counter how many fields it has, and each with its number}
register('figures', {'no-writes'}, function(keys, args)
  drop_unused_key(keys)
  local figures = {call('ZCOUNT', keys[1], '(' .. args[1], '+inf'), call('ZCARD', keys[2])}
  for i = 3, #keys do
    local fields = call('HGETALL', keys[i])
    figures[#figures + 1] = #fields / 2
    for n = 1, #fields, 2 do figures[#figures + 1], figures[#figures + 2] = fields[n], tonumber(fields[n + 1]) or 0 end
  end
  return figures
end)
