-- What must hold before anything else is asked of this server.
-- KEYS   1 fingerprint of the index key
-- ARGV   1 fingerprint of ours  2 '1' where it is to be stored if there is none  3... commands that the other scripts use
-- Returns {1 if the fingerprint is ours, or there was none, commands that the ACL denies...}
if #ARGV < 2 or #KEYS ~= 1 then error({err = 'OTPARITY start'}) end
-- Redis 7.0 takes the count of keys of these two unseen, and reads past the end where there is none: it may crash.
local COUNTED = {EVAL = true, EVALSHA = true}
local function allowed(command)
  if COUNTED[command] then return redis.acl_check_cmd(command, KEYS[1], 1, KEYS[1]) end
  local container, sub = string.match(command, '^(.+)|(.+)$')
  if container then return redis.acl_check_cmd(container, sub) end
  return redis.acl_check_cmd(command, KEYS[1])
end

local denied = {}
for i = 3, #ARGV do
  if not allowed(ARGV[i]) then denied[#denied + 1] = ARGV[i] end
end
if #denied > 0 then return {1, unpack(denied)} end
if ARGV[2] == '1' then redis.call('SET', KEYS[1], ARGV[1], 'NX') end
return {(redis.call('GET', KEYS[1]) or ARGV[1]) == ARGV[1] and 1 or 0}
