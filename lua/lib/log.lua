-- A log: when something was done, oldest first. Exact for quotas up to LOG_EXACT: u48 ms each. Above, and for what is kept
-- only to be counted, a byte 1, then (u48 ms, u32 how many) each: what lies in one granule is joined under the later time,
-- which can only overstate a window. No log of the second form has a length that six divides.
local LOG_EXACT, LOG_GRANULES = 100, 64

-- log_read(value or false, kind of its key) -> log
local function log_read(value, kind)
  if not value or #value % 6 == 0 or (#value % 10 == 1 and byte(value) == 1) then return value or '' end
  damaged(kind)
end

-- log_used(log, window, now) -> how many lie in the window that ends now, position of the first of them, bytes of each, when it was
local function log_used(log, window, now)
  local at, size, used, first = 1, 6, 0, 0
  if #log % 6 > 0 then at, size = 2, 10 end
  while at < #log do
    first = parse('>I6', log, at)
    if first + window > now then break end
    at = at + size
  end
  if size == 6 then return (#log + 1 - at) / 6, at, size, first end
  for pos = at + 6, #log, size do used = used + parse('>I4', log, pos) end
  return used, at, size, first
end

-- log_room(log, quota, window, now) -> how many are left, ms until one more is allowed, ms until one more comes free
local function log_room(log, quota, window, now)
  if log == '' then return quota, 0, 0 end
  local used, at, size, first = log_used(log, window, now)
  if used == 0 then return quota, 0, 0 end
  if used < quota then return quota - used, 0, first + window - now end
  while used >= quota and at < #log do
    used, first = used - (size == 6 and 1 or parse('>I4', log, at + 6)), parse('>I6', log, at)
    at = at + size
  end
  return 0, first + window - now, first + window - now
end

-- log_join(log, at, size, quota, window, keep, now) -> the log from `at` on and one more, in the second form
local function log_join(log, at, size, quota, window, keep, now)
  local out, last, count = {'\1'}, nil, 0
  for pos = at, #log + size, size do
    local time, more, granule = now, 1, quota > LOG_EXACT and window / LOG_GRANULES or 0
    if pos < #log then time, more = parse('>I6', log, pos), size == 6 and 1 or (parse('>I4', log, pos + 6)) end
    if quota == 0 or time + window <= now then granule = keep / LOG_GRANULES end
    local joined = last and granule > 0 and floor(last / granule) == floor(time / granule)
    last, count = time, joined and count + more or more
    out[joined and #out or #out + 1] = pack('>I6I4', time, count)
  end
  return table.concat(out)
end

-- log_add(log, quota, window, now) -> the log with one more and without what no longer matters, ms it is kept.
-- quota 0 = off: the log then only serves the count of the last hour.
local function log_add(log, quota, window, now)
  local exact = quota > 0 and quota <= LOG_EXACT and window >= HOUR_MS
  if exact and log == '' then return times[now], window end
  local keep = exact and window or max(quota > 0 and window or 0, HOUR_MS)
  local _, at, size = log_used(log, keep, now)
  return exact and size == 6 and sub(log, at) .. times[now] or log_join(log, at, size, quota, window, keep, now), keep
end

-- log_back(log) -> the log with one less; which one cannot matter by more than the time between charge and settlement
local function log_back(log)
  if #log % 6 == 0 then return sub(log, 1, -7) end
  local rest, at, count = sub(log, 1, -11), parse('>I6I4', log, #log - 9)
  if count > 1 then return rest .. pack('>I6I4', at, count - 1) end
  return #rest > 1 and rest or ''
end

-- log_restart(log, now) -> the log with all of it as of now
local function log_restart(log, now)
  if #log % 6 == 0 then return string.rep(times[now], #log / 6) end
  return '\1' .. pack('>I6I4', now, (log_used(log, now + 1, now)))
end
