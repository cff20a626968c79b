-- A log of sends: when, and how many. Exact (one entry a send) for quotas up to EXACT; above, and for what is kept
-- only to be counted, entries of one granule are joined under the later time, which can only overstate a window.
--   kind 0: u8 0, u8 n, n x u48 time            kind 1: u8 1, u8 n, n x (u48 time, u32 count)
local LOG_EXACT, LOG_GRANULES, LOG_KEEP_MS = 100, 64, 3600000

local function log_new()
  return {at = {}, count = {}}
end

-- log_read(s, pos) -> log, position behind it
local function log_read(s, pos)
  local log = log_new()
  local kind, n = string.byte(s, pos, pos + 1)
  pos = pos + 2
  for i = 1, n do
    if kind == 0 then
      log.at[i], pos = struct.unpack('>I6', s, pos)
      log.count[i] = 1
    else
      log.at[i], log.count[i], pos = struct.unpack('>I6I4', s, pos)
    end
  end
  return log, pos
end

-- log_write(log) -> bytes
local function log_write(log)
  local n, kind = #log.at, 0
  for i = 1, n do
    if log.count[i] > 1 then kind = 1 end
  end
  local out = {string.char(kind, n)}
  for i = 1, n do
    out[i + 1] = kind == 0 and struct.pack('>I6', log.at[i]) or struct.pack('>I6I4', log.at[i], log.count[i])
  end
  return table.concat(out)
end

-- log_used(log, window, now) -> sends in the window that ends now, index of the first of them
local function log_used(log, window, now)
  local used, first = 0, #log.at + 1
  for i = #log.at, 1, -1 do
    if log.at[i] + window <= now then break end
    used, first = used + log.count[i], i
  end
  return used, first
end

-- log_room(log, quota, window, now) -> sends left, ms until one more is allowed, ms until one more comes free
local function log_room(log, quota, window, now)
  local used, first = log_used(log, window, now)
  if used < quota then
    return quota - used, 0, log.at[first] and log.at[first] + window - now or 0
  end
  for i = first, #log.at do
    used = used - log.count[i]
    if used < quota then
      local wait = log.at[i] + window - now
      return 0, wait, wait
    end
  end
  return 0, window, window
end

-- log_add(log, quota, window, now) -> the log with this send in it and what no longer matters gone, ms it is kept.
-- quota 0 = off: the log then only serves the count of the last hour.
local function log_add(log, quota, window, now)
  local keep = math.max(quota > 0 and window or 0, LOG_KEEP_MS)
  local out = log_new()
  local function granule(at)
    if quota == 0 or at + window <= now then return keep / LOG_GRANULES end
    return quota > LOG_EXACT and window / LOG_GRANULES or 0
  end
  local function put(at, count)
    local n, g = #out.at, granule(at)
    if n > 0 and g > 0 and math.floor(out.at[n] / g) == math.floor(at / g) then
      out.at[n], out.count[n] = at, out.count[n] + count
    else
      out.at[n + 1], out.count[n + 1] = at, count
    end
  end
  for i = 1, #log.at do
    if log.at[i] + keep > now then put(log.at[i], log.count[i]) end
  end
  put(now, 1)
  return out, keep
end

-- log_take_back(log): one less; which one cannot matter by more than the time between charge and settlement
local function log_take_back(log)
  local n = #log.at
  if n == 0 then return end
  log.count[n] = log.count[n] - 1
  if log.count[n] == 0 then log.at[n], log.count[n] = nil, nil end
end
