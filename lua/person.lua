-- Puts what is held of a person in place of what was read.
-- keys   1 person
-- args   1 what was read  2 what is to be  3 when it goes, ms
-- Returns 1, or 0 where something else stands there by now
register('person', {}, function(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then return 0 end
  redis.call('SET', keys[1], args[2], 'PXAT', args[3])
  return 1
end)
