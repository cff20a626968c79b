-- Writes a little, so that replicas can be waited for: WAIT is about what its own connection wrote.
-- keys   1 a key of the barrier's own. args   1 ms it stays. Returns 1
register('barrier', {'allow-oom'}, function(keys, args)
  call('SET', keys[1], '', 'PX', args[1])
  return 1
end)
