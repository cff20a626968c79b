-- The state of one client network: u8 version, u48 seen, log of sends, log of failures.
local function ip_new()
  return {seen = 0, log = log_new(), failures = log_new(), ends = 0}
end

local function ip_read(s)
  local ip = ip_new()
  if not s then return ip end
  local version, pos
  version, ip.seen, ip.ends, pos = struct.unpack('>BI6I6', s)
  if version ~= 1 then error({err = 'OTPVERSION record written by a newer version'}) end
  ip.log, pos = log_read(s, pos)
  ip.failures = log_read(s, pos)
  return ip
end

-- Where a network's state lies with another server, its key is THERE: it came along as the last of ARGV, and is not saved
-- here.
local THERE = ''

local function ip_save(key, ip, now)
  if key == THERE then return end
  redis.call('SET', key, struct.pack('>BI6I6', 1, now, ip.ends) .. log_write(ip.log) .. log_write(ip.failures), 'PXAT',
    string.format('%.0f', math.max(ip.ends, now + 1)))
end

-- ip_there(what came along, now) -> the state, its times as if they were of this server's clock
local function ip_there(came, now)
  local clock = struct.unpack('>I6', came)
  local ip, behind = ip_read(#came > 6 and string.sub(came, 7)), now - clock
  ip.seen, ip.ends = 0, ip.ends > 0 and ip.ends + behind or 0
  for _, log in ipairs({ip.log, ip.failures}) do
    for i = 1, #log.at do log.at[i] = log.at[i] + behind end
  end
  return ip
end

-- ip_spend(ip, policy, now): one more send
local function ip_spend(ip, p, now)
  local keep
  ip.log, keep = log_add(ip.log, p.ip_sends, p.ip_window, now)
  ip.ends = math.max(ip.ends, now + keep)
end

-- ip_fail(ip, policy, now): one more failure
local function ip_fail(ip, p, now)
  if p.ip_failures == 0 then return end
  local keep
  ip.failures, keep = log_add(ip.failures, p.ip_failures, p.ip_memory, now)
  ip.ends = math.max(ip.ends, now + keep)
end

-- ip_blocked(ip, policy, now) -> ms until this network may fail again, 0 = it may now; failures left; ms until more are
local function ip_blocked(ip, p, now)
  if p.ip_failures == 0 then return 0, -1, 0 end
  local left, wait, reset = log_room(ip.failures, p.ip_failures, p.ip_memory, now)
  return wait, left, reset
end
