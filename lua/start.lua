-- What must hold before anything else is asked of this server.
-- KEYS   1 fingerprint of the index key
-- ARGV   1 fingerprint of ours  2... commands that the other scripts use
-- Returns {1 if the fingerprint is ours (stored where there was none), commands that the ACL denies...}
if #ARGV < 1 or #KEYS ~= 1 then error({err = 'OTPARITY start'}) end
local denied = {}
for i = 2, #ARGV do
  if not redis.acl_check_cmd(ARGV[i], KEYS[1]) then denied[#denied + 1] = ARGV[i] end
end
if #denied > 0 then return {1, unpack(denied)} end
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return {redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0}
