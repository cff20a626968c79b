-- Reads of some buckets whose they are and how far their events went; changes nothing.
-- keys   of each bucket: owner, epoch, events
-- Returns of each: owner, epoch and the last id that its stream gave, each '' where there is none; the id is '?' where what
--         lies there is no stream
register('positions', {'no-writes'}, function(keys)
  local out = {}
  -- In a cluster one more key follows, which never exists (src/store/key.rs).
  for i = 1, #keys - 2, 3 do
    local held = call('MGET', keys[i], keys[i + 1])
    out[i], out[i + 1], out[i + 2] = held[1] or '', held[2] or '', stream_last(keys[i + 2])
  end
  return out
end)
