-- Takes or renews the lease of a bucket, and tells who takes it what became of the events before. Its events are then read by a plain XRANGE: through a script each of them would be
-- built twice.
-- keys   1 lease
-- args   1 who  2 ms the lease lasts  3 '1' where that is not known yet
-- Returns 0 where another sidecar has the lease, 1 where it was renewed, else up to where events were written out, and where
--         to (src/audit/trail/record.rs, Exported), '' if that is not known
register('export', {'allow-oom'}, function(keys, args)
  local holder = redis.call('GET', keys[1])
  if holder and holder ~= args[1] then return 0 end
  redis.call('SET', keys[1], args[1], 'PX', args[2])
  if holder and args[3] ~= '1' then return 1 end
  return redis.call('GET', string.sub(keys[1], 1, 10) .. 'exported') or ''
end)
