-- The common request of an app with codes of its own, straight through: a subject with no or one purpose on record, exact
-- quotas, nothing in its way.
-- fast() -> what lua/guard_request.lua returns; nil where it is not that simple, and then nothing is written: the clock in
-- ms and the values of record, epoch and network are for lua/guard_request.lua, which decides everything and says what is
-- right. tests/it/model/fast.rs holds one against the other. No tables and no calls but where they cannot be spared.
local function fast()
  local K, A, unpack = KEYS, ARGV, struct.unpack
  local t, got, with_ip = redis.call('TIME'), nil, #K > 4
  if with_ip then
    got = redis.call('MGET', K[1], K[2], K[5])
  else
    got = redis.call('MGET', K[1], K[2])
  end
  local there, us = #A == 5 and A[5], t[2] + 0
  local clock = t[1] * 1000 + (us - us % 1000) / 1000
  local _, cooldown, sends, window, own, ip_sends, ip_window, ip_failures, _, max_failures, _, _, _, memory, _,
    _, ip_ttl = unpack('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2Bc0Bc0', A[1])
  if own % 4 > 0 or sends == 0 or sends > 100 or window < 3600000
    or ip_sends > 100 or (ip_sends > 0 and ip_window < 3600000) then
    return nil, clock, got
  end
  local now, epoch = clock, tonumber(got[2] or 1)

  -- The headers first: neither of the two may see time run backwards.
  local s, version, flags, seen, ends, last, pos = got[1], 1, 0, 0, 0, 0, 21
  if s then version, flags, seen, ends, last, pos = unpack('>BBI6I6I6', s) end
  local i, ip_version, ip_seen, ip_ends, ip_pos, ip_now = with_ip and got[3], 1, 0, 0, 14, nil
  -- A network that lies with another server: by that one's clock.
  if there then
    ip_now = unpack('>I6', there)
    if #there > 6 then i = string.sub(there, 7) end
  end
  if i then ip_version, ip_seen, ip_ends, ip_pos = unpack('>BI6I6', i) end
  -- Neither disabled, nor with claims, nor of another version.
  if version ~= 1 or ip_version ~= 1 or flags % 2 == 1 or flags >= 8 then return nil, clock, got end
  if seen > now then now = seen end
  if ip_seen > now and not there then now = ip_seen end

  local level, locked_until, last_failure, failures, run, stays = 0, 0, 0, 0, 0, 0
  local blocks, used, first, log, rest = '', 0, now, '', '\0'
  if s then
    if flags % 4 >= 2 then
      level, _, _, locked_until, _, pos = unpack('>BBI6I6I2', s, pos)
      if locked_until > now or now >= locked_until + memory then return nil, clock, got end
    end
    if flags >= 4 then last_failure, _, pos = unpack('>I6I6', s, pos) end
    if pos > 21 then blocks = string.sub(s, 21, pos - 1) end
    if now < ends and last + cooldown > now then return nil, clock, got end
    local kind, n, from = unpack('BB', s, pos)
    pos = from + 6 * n
    if kind > 0 then return nil, clock, got end
    if now < ends and n > 0 then
      while from < pos do
        first = unpack('>I6', s, from)
        if first + window > now then break end
        first, from = now, from + 6
      end
      used, log = (pos - from) / 6, string.sub(s, from, pos - 1)
      if used >= sends then return nil, clock, got end
    end
    -- What a purpose holds stays as it is, so it must be nothing that time has ended.
    rest, n, pos = string.sub(s, pos), string.byte(s, pos), pos + 1
    if n == 1 then
      local held = string.byte(s, pos + 4)
      if held == 0 or held % 4 >= 2 or held >= 16 then return nil, clock, got end
      pos = pos + 5
      if held % 2 == 1 then
        local by_guard
        failures, by_guard, run, pos = unpack('>I2I2I2', s, pos)
        failures = failures + by_guard
        if now - last_failure >= memory then return nil, clock, got end
      end
      if held >= 4 then
        if held % 8 < 4 then return nil, clock, got end
        local _, _, _, _, expires, lived, digest, behind = unpack('>I4BBBI6I4B', s, pos + 24)
        pos, stays = behind + digest, expires + lived
        if now >= stays then return nil, clock, got end
      end
      if held >= 8 then pos = pos + 16 end
    elseif n ~= 0 then
      return nil, clock, got
    end
    if pos ~= #s + 1 then return nil, clock, got end
  end

  local ip_left, ip_reset, ip_new = -1, 0, nil
  if with_ip or there then
    ip_now = ip_now or now
    local ip_used, ip_first, ip_log, ip_rest = 0, ip_now, '', '\0\0'
    if i then
      local kind, n, from = unpack('BB', i, ip_pos)
      ip_pos = from + 6 * n
      local fail_kind, fails = unpack('BB', i, ip_pos)
      if kind > 0 or fail_kind > 0 or (ip_failures > 0 and fails >= ip_failures) then return nil, clock, got end
      if ip_sends > 0 then
        while from < ip_pos do
          ip_first = unpack('>I6', i, from)
          if ip_first + ip_window > ip_now then break end
          ip_first, from = ip_now, from + 6
        end
        ip_used, ip_log, ip_rest = (ip_pos - from) / 6, string.sub(i, from, ip_pos - 1), string.sub(i, ip_pos)
        if ip_used >= ip_sends then return nil, clock, got end
      end
    end
    if ip_sends > 0 then
      ip_left, ip_reset = ip_sends - ip_used - 1, ip_first + ip_window - ip_now
      if now + ip_window > ip_ends then ip_ends = now + ip_window end
      ip_new = not there and struct.pack('>BI6I6BBc0I6c0', 1, now, ip_ends, 0, ip_used + 1, ip_log, now, ip_rest)
    end
  end

  -- Decided: it is recorded. Nothing below can fail.
  if now + window > ends then ends = now + window end
  if now + cooldown > ends then ends = now + cooldown end
  if ends > stays then stays = ends end
  if failures > 0 and last_failure + memory > stays then stays = last_failure + memory end
  if run > 0 and last_failure + 2592000000 > stays then stays = last_failure + 2592000000 end
  if locked_until > 0 and locked_until + memory > stays then stays = locked_until + memory end
  redis.call('XADD', K[3], (got[2] or '1') .. '-*', 'e',
    struct.pack('>BBBI6I2BI6c0', 1, 6, 16, now, failures, level, 0, A[3]))
  local value = struct.pack('>BBI6I6I6c0BBc0I6c0', 1, flags, now, ends, now, blocks, 0, used + 1, log, now, rest)
  -- A time to live that is known beforehand spares writing thirteen digits.
  if stays - clock == ip_ttl + 0 then
    redis.call('SET', K[1], value, 'PX', ip_ttl)
  else
    redis.call('SET', K[1], value, 'PXAT', stays)
  end
  if ip_new then
    if ip_ends - clock == ip_window then
      redis.call('SET', K[5], ip_new, 'PX', ip_ttl)
    else
      redis.call('SET', K[5], ip_new, 'PXAT', ip_ends)
    end
  end
  local left, reset, wait = sends - used - 1, first + window - now, cooldown
  if left == 0 and reset > wait then wait = reset end
  if ip_left == 0 and ip_reset > wait then wait = ip_reset end
  local attempts = max_failures - failures
  return struct.pack('>BI6I6I6i6I6I6i6I6I2BI6BI4', 16, now, 0, wait, left, reset, cooldown, ip_left, ip_reset,
    attempts > 0 and attempts or 0, 0, locked_until, level, epoch)
end
