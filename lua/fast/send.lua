-- The common send, straight through: a subject with no or one purpose on record, exact quotas, nothing in its way.
-- fast() -> what lua/send.lua returns; nil where it is not that simple, and then nothing is written: the clock in ms
-- and the values of record, epoch and network are for lua/send.lua, which decides everything and says what is right.
-- tests/it/model/fast.rs holds one against the other. No tables and no calls but where they cannot be spared.
local function fast()
  local K, A, unpack = KEYS, ARGV, struct.unpack
  local extra = #K - 4
  local t, got, with_ip, with_answer = redis.call('TIME'), nil, extra % 2 == 1, extra >= 2
  if with_answer then
    got = redis.call('MGET', K[1], K[2], with_ip and K[5] or K[2], with_ip and K[6] or K[5])
  elseif with_ip then
    got = redis.call('MGET', K[1], K[2], K[5])
  else
    got = redis.call('MGET', K[1], K[2])
  end
  local there, us = #A % 2 == 0 and A[#A], t[2] + 0
  local clock = t[1] * 1000 + (us - us % 1000) / 1000
  local lifetime, cooldown, sends, window, own, ip_sends, ip_window, ip_failures, _, max_failures, _, _, _, memory, _,
    ttl, ip_ttl = unpack('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2Bc0Bc0', A[1])
  if got[4] or own % 4 > 0 or sends == 0 or sends > 100 or window < 3600000
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

  local level, locked_until, last_failure, failures, run = 0, 0, 0, 0, 0
  local blocks, used, first, log, counts, resend, before, ended = '', 0, now, '', '', 0, nil, ''
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
    n = string.byte(s, pos)
    pos = pos + 1
    if n == 1 then
      local held = string.byte(s, pos + 4)
      if string.sub(s, pos, pos + 3) ~= string.sub(A[2], 1, 4) or held % 4 >= 2 or held >= 16 then return nil, clock, got end
      pos = pos + 5
      if held % 2 == 1 then
        local by_guard
        failures, by_guard, run = unpack('>I2I2I2', s, pos)
        failures, counts, pos = failures + by_guard, string.sub(s, pos, pos + 5), pos + 6
        if now - last_failure >= memory then return nil, clock, got end
      end
      if held >= 4 then
        local of, outcome, _, _, expires, lived, digest, behind = unpack('>I4BBBI6I4B', s, pos + 24)
        pos = behind + digest
        if now < expires + lived then
          -- One that was reported goes to the history, whatever its state.
          if outcome < 64 then outcome = outcome % 16 end
          if outcome == 0 and now < expires and of == epoch then
            -- As lua/lib/ended.lua packs it.
            resend, ended = 1, '\9\0\6' .. string.sub(s, behind - 11, behind - 6)
          elseif outcome ~= 2 then
            return nil, clock, got
          end
          if held >= 8 then before = string.sub(s, pos, pos + 15) end
        end
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

  -- Decided: it is issued. Nothing below can fail.
  local expires, candidate = now + lifetime, A[2]
  if now + window > ends then ends = now + window end
  if now + cooldown > ends then ends = now + cooldown end
  local last_day = ends
  if expires + lifetime > last_day then last_day = expires + lifetime end
  if failures > 0 and last_failure + memory > last_day then last_day = last_failure + memory end
  if run > 0 and last_failure + 2592000000 > last_day then last_day = last_failure + 2592000000 end
  if locked_until > 0 and locked_until + memory > last_day then last_day = locked_until + memory end
  local length, alphabet = string.byte(candidate, 29, 30)
  local generation = string.sub(candidate, 5, 16)
  redis.call('XADD', K[3], (got[2] or '1') .. '-*', 'e',
    struct.pack('>BBBI6I2BI6c0c0', 1, 1, 10, now, failures, level, expires, A[3], ended))
  local value = struct.pack('>BBI6I6I6c0BBc0I6Bc4Bc0c12c12I4BBBI6I4Bc0c0', 1, flags, now, ends, now, blocks,
    0, used + 1, log, now, 1, candidate, 4 + (counts ~= '' and 1 or 0) + (with_answer and 8 or 0), counts,
    generation, string.sub(candidate, 17, 28), epoch, 0, length, alphabet, expires, lifetime, #candidate - 30,
    string.sub(candidate, 31), with_answer and string.sub(A[4], 17) or '')
  -- A time to live that is known beforehand spares writing thirteen digits.
  if last_day - clock == ttl + 0 then
    redis.call('SET', K[1], value, 'PX', ttl)
  else
    redis.call('SET', K[1], value, 'PXAT', last_day)
  end
  if before then redis.call('DEL', string.sub(K[1], 1, 10) .. 'c:' .. before) end
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
  local answer = struct.pack('>BI6I6I6i6I6I6i6I6I2BI6BI4c0', 10, now, expires, wait, left, reset, cooldown, ip_left,
    ip_reset, attempts > 0 and attempts or 0, resend, locked_until, level, epoch, generation)
  if with_answer then
    redis.call('SET', with_ip and K[6] or K[5], '\1\2' .. string.sub(A[4], 1, 16) .. answer, 'PX', '60000')
    redis.call('SET', with_ip and K[7] or K[6], A[5], 'PX', lifetime < 60000 and lifetime or '60000')
  end
  return answer
end
