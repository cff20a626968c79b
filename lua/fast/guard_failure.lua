-- The common failure of a check that the app made itself, straight through: a subject with no or this one purpose on
-- record, never locked, who has more than one attempt left.
-- fast() -> what lua/guard_failure.lua returns; nil where it is not that simple, and then nothing is written: the clock in
-- ms and the values of record, epoch and network are for lua/guard_failure.lua, which decides everything and says what is
-- right. tests/it/model/fast.rs holds one against the other. No tables and no calls but where they cannot be spared.
local function fast()
  local K, A, unpack, sub = KEYS, ARGV, struct.unpack, string.sub
  local t, got, with_ip = redis.call('TIME'), nil, #K > 6
  if with_ip then
    got = redis.call('MGET', K[1], K[2], K[7])
  else
    got = redis.call('MGET', K[1], K[2])
  end
  local there, us = #A == 5 and A[5], t[2] + 0
  local clock, s, i = t[1] * 1000 + (us - us % 1000) / 1000, got[1], with_ip and got[3]
  local now, epoch, _, ip_failures, ip_window, max_failures, memory, wrong_ttl, fail_ttl = clock, got[2] or '1', nil
  _, _, _, _, _, _, _, ip_failures, ip_window, max_failures, _, _, _, memory, _, _, _, wrong_ttl, fail_ttl =
    unpack('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2Bc0Bc0Bc0Bc0', A[1])
  if (with_ip or there) and ip_failures > 0 and (ip_failures > 100 or ip_window < 3600000) then return nil, clock, got end

  -- The headers first: neither of the two may see time run backwards.
  local version, flags, seen, ends, last, pos = 1, 0, 0, 0, 0, 21
  if s then version, flags, seen, ends, last, pos = unpack('>BBI6I6I6', s) end
  local ip_version, ip_seen, ip_ends, ip_pos, ip_now = 1, 0, 0, 14, nil
  -- A network that lies with another server: by that one's clock.
  if there then
    ip_now = unpack('>I6', there)
    if #there > 6 then i = sub(there, 7) end
  end
  if i then ip_version, ip_seen, ip_ends, ip_pos = unpack('>BI6I6', i) end
  -- Neither disabled, nor locked in the last day, nor with claims, nor of another version.
  if version ~= 1 or ip_version ~= 1 or flags % 4 > 0 or flags >= 8 then return nil, clock, got end
  if seen > now then now = seen end
  if ip_seen > now and not there then now = ip_seen end
  ip_now = ip_now or now

  local log, held, failures, guard, run, rest, stays = '\0\0', 0, 0, 0, 0, '', ends
  if s then
    local last_failure = 0
    if flags == 4 then last_failure, _, pos = unpack('>I6I6', s, pos) end
    local log_at, kind, n = pos, string.byte(s, pos, pos + 1)
    if kind > 0 or (now >= ends and (n > 0 or last > 0)) then return nil, clock, got end
    pos = pos + 2 + 6 * n
    log, n, pos = sub(s, log_at, pos - 1), string.byte(s, pos), pos + 1
    if n == 1 then
      held = string.byte(s, pos + 4)
      if sub(s, pos, pos + 3) ~= A[2] or held == 0 or held % 4 >= 2 or held >= 16 then return nil, clock, got end
      pos = pos + 5
      if held % 2 == 1 then
        failures, guard, run, pos = unpack('>I2I2I2', s, pos)
        if now - last_failure >= memory then return nil, clock, got end
      end
      rest = sub(s, pos)
      -- What else the purpose holds stays as it is, so it must be nothing that time has ended.
      if held >= 4 then
        if held % 8 < 4 then return nil, clock, got end
        local of, outcome, length, alphabet, expires, lived, digest, behind = unpack('>I4BBBI6I4B', s, pos + 24)
        pos = behind + digest
        if now >= expires + lived then return nil, clock, got end
        if expires + lived > stays then stays = expires + lived end
      end
      if held >= 8 then pos = pos + 16 end
    elseif n ~= 0 then
      return nil, clock, got
    end
    if pos ~= #s + 1 then return nil, clock, got end
  end
  guard = guard + 1
  if failures + guard >= max_failures then return nil, clock, got end

  local ip_left, ip_reset, ip_new = -1, 0, nil
  if (with_ip or there) and ip_failures > 0 then
    local ip_log, ip_fails, fails, ip_first = '\0\0', '', 0, ip_now
    if i then
      local ip_kind, ip_n, from = unpack('BB', i, ip_pos)
      from = from + 6 * ip_n
      ip_log = sub(i, ip_pos, from - 1)
      ip_kind, fails, from = ip_kind + string.byte(i, from), unpack('B', i, from + 1)
      if ip_kind > 0 then return nil, clock, got end
      local behind = from + 6 * fails
      while from < behind do
        ip_first = unpack('>I6', i, from)
        if ip_first + ip_window > ip_now then break end
        ip_first, from = ip_now, from + 6
      end
      fails, ip_fails = (behind - from) / 6, sub(i, from, behind - 1)
      if fails >= ip_failures then return nil, clock, got end
    end
    if now + ip_window > ip_ends then ip_ends = now + ip_window end
    ip_new = not there and struct.pack('>BI6I6c0BBc0I6', 1, now, ip_ends, ip_log, 0, fails + 1, ip_fails, now)
    ip_left, ip_reset = ip_failures - fails - 1, ip_first + ip_window - ip_now
  end

  -- Decided. Nothing below can fail.
  redis.call('XADD', K[3], epoch .. '-*', 'e',
    struct.pack('>BBBI6I2BI6c0', 1, 7, 12, now, failures + guard, 0, 0, A[3]))
  local value = struct.pack('>BBI6I6I6I6I6c0Bc4BI2I2I2c0', 1, 4, now, ends, last, now, now, log, 1, A[2],
    held % 2 == 1 and held or held + 1, failures, guard, run, rest)
  if now + memory > stays then stays = now + memory end
  if run > 0 and now + 2592000000 > stays then stays = now + 2592000000 end
  -- A time to live that is known beforehand spares writing thirteen digits.
  if stays - clock == wrong_ttl + 0 then
    redis.call('SET', K[1], value, 'PX', wrong_ttl)
  else
    redis.call('SET', K[1], value, 'PXAT', stays)
  end
  if ip_new then
    if ip_ends - clock == ip_window then
      redis.call('SET', K[7], ip_new, 'PX', fail_ttl)
    else
      redis.call('SET', K[7], ip_new, 'PXAT', ip_ends)
    end
  end
  return struct.pack('>BI6I2I6BBI4I6I4BI6I6i6I6B', 12, now, max_failures - failures - guard, 0, 0, 0, 0, 0, 0, 0,
    memory, 0, ip_left, ip_reset, 0)
end
