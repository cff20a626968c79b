-- What must hold before anything else is asked of this server.
-- keys   1 fingerprint of the index key
-- args   1 fingerprint of ours  2 '1' where it is to be stored if there is none  3... commands that the other functions use
-- Returns {1 if the fingerprint is ours, or there was none, commands that the ACL denies, or with a ? that it does not know...}

local function allowed(command, key)
  -- Redis 7.0 takes the count of keys of these two unseen, and reads past the end where there is none: it may crash.
  if command == 'FCALL' or command == 'FCALL_RO' then return redis.acl_check_cmd(command, key, 1, key) end
  local container, word = string.match(command, '^(.+)|(.+)$')
  return redis.acl_check_cmd(container or command, word or key)
end

register('start', {}, function(keys, args)
  local denied = {}
  for i = 3, #args do
    local known, may = pcall(allowed, args[i], keys[1])
    if not known or not may then denied[#denied + 1] = (known and '' or '?') .. args[i] end
  end
  if #denied > 0 then return {1, unpack(denied)} end
  if args[2] == '1' then call('SET', keys[1], args[1], 'NX') end
  return {(call('GET', keys[1]) or args[1]) == args[1] and 1 or 0}
end)
