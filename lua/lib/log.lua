-- A log: when something was done, oldest first. Exact for quotas up to LOG_EXACT: u48 ms each. Above, and for what is kept
-- only to be counted, a byte 1, then (u48 ms, u32 how many) each: what lies in one granule is joined under the later time,
-- which can only overstate a window. No log of the second form has a length that six divides.
local LOG_EXACT, LOG_GRANULES, HOUR_MS = 100, 64, 3600000

-- log_used(log, window, now) -> how many lie in the window that ends now, position of the first of them, bytes of each
local function log_used(log, window, now)
  local at, size = 1, 6
  if #log % 6 > 0 then at, size = 2, 10 end
  while at < #log and struct.unpack('>I6', log, at) + window <= now do at = at + size end
  if size == 6 then return (#log + 1 - at) / 6, at, size end
  local used = 0
  for pos = at + 6, #log, size do used = used + struct.unpack('>I4', log, pos) end
  return used, at, size
end

-- log_room(log, quota, window, now) -> how many are left, ms until one more is allowed, ms until one more comes free
local function log_room(log, quota, window, now)
  local used, at, size = log_used(log, window, now)
  if used == 0 then return quota, 0, 0 end
  local reset = struct.unpack('>I6', log, at) + window - now
  if used < quota then return quota - used, 0, reset end
  while at < #log do
    used = used - (size == 6 and 1 or struct.unpack('>I4', log, at + 6))
    reset = struct.unpack('>I6', log, at) + window - now
    if used < quota then break end
    at = at + size
  end
  return 0, reset, reset
end

-- log_join(log, at, size, quota, window, keep, now) -> the log from `at` on and one more, in the second form
local function log_join(log, at, size, quota, window, keep, now)
  local out, last, count = {'\1'}, nil, 0
  local function put(time, more)
    local granule = quota > LOG_EXACT and window / LOG_GRANULES or 0
    if quota == 0 or time + window <= now then granule = keep / LOG_GRANULES end
    if last and granule > 0 and math.floor(last / granule) == math.floor(time / granule) then
      count = count + more
    else
      count = more
      out[#out + 1] = ''
    end
    last = time
    out[#out] = struct.pack('>I6I4', time, count)
  end
  for pos = at, #log, size do put(struct.unpack('>I6', log, pos), size == 6 and 1 or (struct.unpack('>I4', log, pos + 6))) end
  put(now, 1)
  return table.concat(out)
end

-- log_add(log, quota, window, now) -> the log with one more and without what no longer matters, ms it is kept.
-- quota 0 = off: the log then only serves the count of the last hour.
local function log_add(log, quota, window, now)
  local keep = math.max(quota > 0 and window or 0, HOUR_MS)
  local _, at, size = log_used(log, keep, now)
  if size == 6 and quota > 0 and quota <= LOG_EXACT and window >= HOUR_MS then
    return string.sub(log, at) .. struct.pack('>I6', now), keep
  end
  return log_join(log, at, size, quota, window, keep, now), keep
end

-- log_back(log) -> the log with one less; which one cannot matter by more than the time between charge and settlement
local function log_back(log)
  if #log % 6 == 0 then return string.sub(log, 1, -7) end
  local at, count = struct.unpack('>I6I4', log, #log - 9)
  local rest = string.sub(log, 1, -11)
  if count > 1 then return rest .. struct.pack('>I6I4', at, count - 1) end
  return #rest > 1 and rest or ''
end

-- log_restart(log, now) -> the log with all of it as of now: its times are those of a clock that was wrong
local function log_restart(log, now)
  if #log % 6 == 0 then return string.rep(struct.pack('>I6', now), #log / 6) end
  return '\1' .. struct.pack('>I6I4', now, (log_used(log, now + 1, now)))
end
