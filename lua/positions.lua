-- Reads of some buckets whose they are, how far their events went, and whether a message is due; changes nothing.
-- keys   of each bucket: owner, epoch, events
-- Returns of each: owner, epoch and the last id that its stream gave, each '' where there is none; the id is '?' where what
--         lies there is no stream; then '' if no message is due
register('positions', {'no-writes'}, function(keys)
  local out, now = {}, clock_ms()
  -- In a cluster one more key follows, which never exists (src/store/key.rs).
  for i = 1, #keys - 2, 3 do
    local held = call('MGET', keys[i], keys[i + 1])
    -- What cannot be read there, whoever asks what is due finds out.
    local due = try('ZCOUNT', sub(keys[i], 1, HEAD) .. 'due', '-inf', now) ~= 0 and '1' or ''
    for _, value in ipairs({held[1] or '', held[2] or '', stream_last(keys[i + 2]), due}) do out[#out + 1] = value end
  end
  return out
end)
