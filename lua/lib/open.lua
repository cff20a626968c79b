-- open_subject(policy, ip key or nil, clock or nil, got or nil) -> record, epoch, now, ip. KEYS[1] = record,
-- KEYS[2] = epoch. One read for all: clock and got are what lua/fast/ has read already.
local function open_subject(p, ip_key, clock, got)
  local now = clock or clock_ms()
  got = got or redis.call('MGET', KEYS[1], KEYS[2], ip_key or KEYS[2])
  local r, ip = record_read(got[1]), ip_key and ip_read(got[3]) or ip_new()
  now = math.max(now, r.seen, ip.seen)
  record_settle(r, now, p.memory)
  return r, tonumber(got[2] or 1), now, ip
end

-- extra_keys(first, flags) -> key of the network's state or nil, keys of a remembered answer and of its code or nil.
-- flags: 1 = there is a network's key at first, 2 = the two keys of an answer follow; so they are the number of keys
local function extra_keys(first, flags)
  local ip = flags % 2 == 1 and KEYS[first] or nil
  if ip then first = first + 1 end
  if flags >= 2 then return ip, KEYS[first], KEYS[first + 1] end
  return ip, nil, nil
end
