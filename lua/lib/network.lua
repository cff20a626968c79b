-- The state of one client network: u8 version, u48 seen, u48 ends, u16 length of the log of sends, that log, log of failures.
-- Judged and written by its own clock, never by a subject's.
local NETWORK_VERSION, NETWORK_HEAD = 1, 15

-- network_read(key, its place in the call, state or false, clock, policy) -> network
local function network_read(key, place, state, clock, p)
  local n = {key = key, clock = clock, now = clock, ends = 0, sends = '', failures = '', state = state or ''}
  if not state then return n end
  if #state < NETWORK_HEAD then damaged(place) end
  local version, seen, ends, length = struct.unpack('>BI6I6I2', state)
  if version ~= NETWORK_VERSION then error({err = 'OTPVERSION ' .. place}) end
  n.ends, n.sends = ends, string.sub(state, NETWORK_HEAD + 1, NETWORK_HEAD + length)
  n.failures = string.sub(state, NETWORK_HEAD + 1 + length)
  if #n.sends < length then damaged(place) end
  if seen > clock + AHEAD_MS then
    n.sends, n.failures = log_restart(n.sends, clock), log_restart(n.failures, clock)
    n.ends, n.changed = clock + math.max(p.ip_window, p.ip_memory, HOUR_MS), true
  elseif seen > clock then
    n.now = seen
  end
  return n
end

-- network_get(key, its place in the call, clock, policy) -> network
local function network_get(key, place, clock, p)
  local state = redis.pcall('GET', key)
  if type(state) == 'table' then damaged(place) end
  return network_read(key, place, state, clock, p)
end

-- network_there(what came along: u48 clock, state; policy) -> a network whose state lies with another server, by that one's
-- clock; it was charged there and is not written here
local function network_there(came, p)
  return network_read(nil, 0, #came > 6 and string.sub(came, 7), (struct.unpack('>I6', came)), p)
end

local function network_bytes(n)
  return struct.pack('>BI6I6I2', NETWORK_VERSION, n.now, n.ends, #n.sends) .. n.sends .. n.failures
end

-- network_save(network or nil): writes it where this call changed it
local function network_save(n)
  if not n or not n.changed or not n.key then return end
  redis.call('SET', n.key, network_bytes(n), 'PX', digits(math.max(n.ends - n.clock, 1)))
end

-- network_spend(network or nil, policy): one more send
local function network_spend(n, p)
  if not n or p.ip_sends == 0 then return end
  local keep
  n.sends, keep = log_add(n.sends, p.ip_sends, p.ip_window, n.now)
  n.ends, n.changed = math.max(n.ends, n.now + keep), true
end

-- network_fail(network or nil, policy): one more failure
local function network_fail(n, p)
  if not n or p.ip_failures == 0 then return end
  local keep
  n.failures, keep = log_add(n.failures, p.ip_failures, p.ip_memory, n.now)
  n.ends, n.changed = math.max(n.ends, n.now + keep), true
end

-- network_blocked(network or nil, policy) -> ms until it may fail again, 0 = it may now; failures left, -1 = not limited; ms
-- until more are
local function network_blocked(n, p)
  if not n or p.ip_failures == 0 then return 0, -1, 0 end
  local left, wait, reset = log_room(n.failures, p.ip_failures, p.ip_memory, n.now)
  return wait, left, reset
end
