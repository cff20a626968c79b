-- Notes whose a bucket is from now on. Where its data went back to something earlier, its epoch is raised as well: each code that
-- was issued before is void then. An epoch is never less than the clock in ms, so that two sidecars which know different things,
-- or one that knows nothing, never give one number twice, unless data are lost twice within a millisecond.
-- keys   1 owner  2 epoch  3 events  4 recent
-- args   1 owner that was found, '' = none  2 epoch that was found, '' = none  3 owner that is to be
--        4 cause, or 0 where nothing went back  5 position that was found: u48 epoch, u48 events  6 the one that was expected (epoch 0 =
--        none was known), u48 when it was known, ms  7 context of the event
-- Returns {0} where it is not as it was found any more; else {1, epoch, how many events it has}
register('fence', {'allow-oom'}, function(keys, args)
  local held, now, cause = call('MGET', keys[1], keys[2]), clock_ms(), tonumber(args[4])
  if (held[1] or '') ~= args[1] or (held[2] or '') ~= args[2] then return {0} end
  local found, events = tonumber(args[2]) or 0, 0
  local epoch = found > 0 and found or now
  if cause > 0 then
    local last = string.match(stream_last(keys[3]), '^%d+')
    local time = call('XREVRANGE', keys[3], '+', '-', 'COUNT', 1)[1]
    time = time and #time[2][2] > 9 and parse('>I6', time[2][2], 4) or tonumber(string.match(stream_last(keys[4]), '^%d+')) or 0
    epoch, events = max(found, tonumber(last) or 0, (parse('>I6', args[6])), now - 1) + 1, 1
    -- No position is behind this one.
    position = string.rep('\0', 12)
    event_add(EVENT_STORE_ROLLBACK, RECORDED, epoch, now, 0, 0, 0,
      args[7] .. pack('>BI2B', 10, 37, cause) .. args[5] .. pack('>I6', time) .. args[6])
  end
  call('SET', keys[2], digits[epoch])
  call('SET', keys[1], args[3])
  return {1, epoch, events}
end)
