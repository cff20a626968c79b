-- Takes or renews the lease of a bucket. Its events are then read by a plain XRANGE: through a script each of them would be
-- built twice.
-- keys   1 lease
-- args   1 who  2 ms the lease lasts
-- Returns 1, or 0 where another sidecar has the lease
register('export', {'allow-oom'}, function(keys, args)
  local holder = redis.call('GET', keys[1])
  if holder and holder ~= args[1] then return 0 end
  redis.call('SET', keys[1], args[1], 'PX', args[2])
  return 1
end)
