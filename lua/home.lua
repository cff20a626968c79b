-- Whether a bucket still lies where it was last found, or with a server that may have lost some of what was written to it.
-- Then its epoch is raised, which makes every code void that was issued before.
-- keys   1 where it was found: replication id (40), since when, u48 ms, 1 if nothing was there then (1)  2 epoch  3 events
-- args   1 where it is now: the replication id of the server
--        2 the replication id that this server went on from, '' where it went on from none
--        3 where it is held to have been found, '' if that is not known yet  4 then: 'keep' the epoch, or 'raise' it
--        5 context of the event  6 the highest epoch that was exported, 0 if none is known  7 '1' if less is no old copy, or
--        accepted
-- Returns {HOME_SAME}; {HOME_NEW} where it never was found before; {HOME_RAISED, epoch}; {HOME_KEPT};
--         {HOME_ASKED, where it was found} where it is not known what to do; {HOME_OLDER, epoch} where it is an old copy
register('home', {'allow-oom'}, function(keys, args)
  local HOME_SAME, HOME_NEW, HOME_RAISED, HOME_KEPT, HOME_ASKED, HOME_OLDER = 0, 1, 2, 3, 4, 5
  local now, found, exported = clock_ms(), call('MGET', keys[1], keys[2]), tonumber(args[6])
  local home, epoch = found[1] and sub(found[1], 1, 40), tonumber(found[2] or 1)
  local function settle(answer, new)
    call('SET', keys[1], args[1] .. pack('>I6B', now, new and 1 or 0))
    return answer
  end
  local function raise()
    epoch = max(epoch, exported) + 1
    event_add(keys[3], EVENT_STORE_FAILOVER, RECORDED, epoch, now, 0, 0, 0, args[5])
    call('SET', keys[2], digits(epoch))
    return settle({HOME_RAISED, epoch})
  end
  -- Emptied, or new: what was exported before must not come again under the same number.
  if not home then
    if exported > 0 and not found[2] and call('PEXPIRETIME', keys[3]) == -2 then return raise() end
    if exported <= epoch then return settle({HOME_NEW}, true) end
  end
  if exported > epoch then
    -- Or another sidecar, which had exported less, found it new.
    local new = home == args[1] and byte(found[1], 47) == 1
    if args[7] ~= '1' and not new then return {HOME_OLDER, epoch} end
    return raise()
  end
  if home == args[1] then return {HOME_SAME} end
  if args[2] ~= '' and home == args[2] then return raise() end
  if args[3] ~= home then return {HOME_ASKED, home} end
  if args[4] == 'keep' then return settle({HOME_KEPT}) end
  return raise()
end)
