-- Tells how many subjects are in indexes, of several buckets where they lie on one server.
-- keys   1... indexes: locked or disabled
-- Returns for each how many; -1 where it is no index
register('sizes', {'no-writes'}, function(keys)
  drop_unused_key(keys)
  local sizes = {}
  for i = 1, #keys do
    local size = try('ZCARD', keys[i])
    sizes[i] = type(size) == 'number' and size or -1
  end
  return sizes
end)
