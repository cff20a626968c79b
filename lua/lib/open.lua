-- open_subject(policy, ip key or nil, clock or nil, got or nil) -> record, epoch, now, ip. KEYS[1] = record,
-- KEYS[2] = epoch. One read for all: clock and got are what lua/fast/ has read already.
local function open_subject(p, ip_key, clock, got)
  local now = clock or clock_ms()
  local here = ip_key and ip_key ~= THERE
  got = got or redis.call('MGET', KEYS[1], KEYS[2], here and ip_key or KEYS[2])
  local r, ip = record_read(got[1]), here and ip_read(got[3]) or ip_new()
  now = math.max(now, r.seen, ip.seen)
  if ip_key == THERE then ip = ip_there(ARGV[#ARGV], now) end
  record_settle(r, now, p.memory)
  return r, tonumber(got[2] or 1), now, ip
end

-- extra_keys(first, flags) -> key of the network's state or nil, keys of a remembered answer and of its code or nil.
-- flags: 1 = there is a network's key at first, 2 = the two keys of an answer follow, 4 = the network's state came along
-- instead; so they are, but for the last, the number of keys
local function extra_keys(first, flags)
  local ip = flags % 2 == 1 and KEYS[first] or nil
  if ip then first = first + 1 end
  if flags >= 4 then ip = THERE end
  if flags % 4 >= 2 then return ip, KEYS[first], KEYS[first + 1] end
  return ip, nil, nil
end
