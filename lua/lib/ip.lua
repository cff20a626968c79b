-- The state of one client network: u8 version, u48 seen, log of sends. Failures follow behind in a later version.
local function ip_read(s)
  if not s then return {seen = 0, log = log_new()} end
  local ip, version = {}, nil
  version, ip.seen = struct.unpack('>BI6', s)
  if version ~= 1 then error({err = 'OTPVERSION record written by a newer version'}) end
  ip.log = log_read(s, 8)
  return ip
end

local function ip_save(key, ip, now, keep)
  redis.call('SET', key, struct.pack('>BI6', 1, now) .. log_write(ip.log), 'PXAT', string.format('%.0f', now + keep))
end
