-- The state of one client network: u8 version, u48 seen, u48 ends, u16 length of the log of sends, that log, log of failures.
-- Judged and written by its own clock, never by a subject's.
local NETWORK_VERSION, NETWORK_HEAD = 1, 15

-- network_read(key or nil, state or false, clock, policy) -> network
local function network_read(key, state, clock, p)
  local n = {key = key, p = p, clock = clock, now = clock, ends = 0, sends = '', failures = '', changed = false}
  if not state then return n end
  if type(state) == 'table' or #state < NETWORK_HEAD then damaged('network') end
  local version, seen, ends, length = parse('>BI6I6I2', state)
  if version ~= NETWORK_VERSION then newer('network') end
  if #state < NETWORK_HEAD + length then damaged('network') end
  n.ends, n.sends = ends, log_read(sub(state, NETWORK_HEAD + 1, NETWORK_HEAD + length), 'network')
  n.failures = log_read(sub(state, NETWORK_HEAD + 1 + length), 'network')
  if seen > clock + AHEAD_MS then
    n.sends, n.failures = log_restart(n.sends, clock), log_restart(n.failures, clock)
    n.ends, n.changed = clock + max(p.ip_window, p.ip_memory, HOUR_MS), true
  elseif seen > clock then
    n.now = seen
  end
  return n
end

-- network_open(keys, args) -> the network of a call about that alone: keys 1 its state, args 1 limits
local function network_open(keys, args) return network_read(keys[1], try('GET', keys[1]), clock_ms(), policies[args[1]]) end

-- network_of(keys, args, clock, policy) -> the client's network, or nil. One that lies with another server came along (u48 clock,
-- state): it is judged by that one's clock, was charged there, and is not written here.
local function network_of(keys, args, clock, p)
  local brought, came = brings[args[3]], args[#args]
  if brought.network then return network_read(keys[2], try('GET', keys[2]), clock, p) end
  if brought.state then return network_read(nil, #came > 6 and sub(came, 7), (parse('>I6', came)), p) end
end

local function network_bytes(n) return pack('>BI6I6I2c0c0', NETWORK_VERSION, n.now, n.ends, #n.sends, n.sends, n.failures) end

-- network_save(network or nil): writes it where this call changed it
local function network_save(n)
  if n and n.changed and n.key then call('SET', n.key, network_bytes(n), 'PXAT', digits[max(n.ends, n.clock + 1)]) end
end

-- network_add(network or nil, 'sends' or 'failures', quota, window): one more of them, if they are limited
local function network_add(n, log, quota, window)
  if quota == 0 then return end
  local new, keep = log_add(n[log], quota, window, n.now)
  n[log], n.ends, n.changed = new, max(n.ends, to_minute(n.now + keep)), true
end
local function network_spend(n) if n then network_add(n, 'sends', n.p.ip_sends, n.p.ip_window) end end
local function network_fail(n) if n then network_add(n, 'failures', n.p.ip_failures, n.p.ip_memory) end end

-- network_blocked(network or nil) -> ms until it may fail again, 0 = it may now; failures left, -1 = not limited; ms until more are
local function network_blocked(n)
  if not n or n.p.ip_failures == 0 then return 0, -1, 0 end
  local left, wait, reset = log_room(n.failures, n.p.ip_failures, n.p.ip_memory, n.now)
  return wait, left, reset
end
