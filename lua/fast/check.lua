-- The common check, straight through: a subject with one purpose on record and never locked, whose live code is compared
-- by its digest, and who has more than one attempt left.
-- fast() -> what lua/check.lua returns; nil where it is not that simple, and then nothing is written: the clock in ms
-- and the values of record, epoch and network are for lua/check.lua, which decides everything and says what is right.
-- tests/it/model/fast.rs holds one against the other. No tables and no calls but where they cannot be spared.
local function fast()
  local K, A, unpack, sub = KEYS, ARGV, struct.unpack, string.sub
  local extra = #K - 6
  local t, got, with_ip, with_answer = redis.call('TIME'), nil, extra % 2 == 1, extra >= 2
  if with_answer then
    got = redis.call('MGET', K[1], K[2], with_ip and K[7] or K[2], with_ip and K[8] or K[7])
  elseif with_ip then
    got = redis.call('MGET', K[1], K[2], K[7])
  else
    got = redis.call('MGET', K[1], K[2])
  end
  local there, us = #A > (with_answer and 5 or 4) and A[#A], t[2] + 0
  local clock, s, i = t[1] * 1000 + (us - us % 1000) / 1000, got[1], with_ip and got[3]
  if not s or got[4] then return nil, clock, got end
  local now, epoch = clock, tonumber(got[2] or 1)
  local _, ip_failures, ip_window, max_failures, memory, hard_stop, wrong_ttl, fail_ttl
  _, _, _, _, _, _, _, ip_failures, ip_window, max_failures, _, _, _, memory, hard_stop, _, _, wrong_ttl, fail_ttl =
    unpack('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2Bc0Bc0Bc0Bc0', A[1])
  if (with_ip or there) and ip_failures > 0 and (ip_failures > 100 or ip_window < 3600000) then return nil, clock, got end

  -- The headers first: neither of the two may see time run backwards.
  local version, flags, seen, ends, last, pos = unpack('>BBI6I6I6', s)
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

  local last_failure = 0
  if flags == 4 then last_failure, _, pos = unpack('>I6I6', s, pos) end
  local log_at, kind, n = pos, string.byte(s, pos, pos + 1)
  if kind > 0 or (now >= ends and (n > 0 or last > 0)) then return nil, clock, got end
  pos = pos + 2 + 6 * n
  local log, purposes, held = sub(s, log_at, pos - 1), string.byte(s, pos), string.byte(s, pos + 5)
  if purposes ~= 1 or held % 4 >= 2 or held % 8 < 4 or held >= 16 then return nil, clock, got end
  local tag, failures, guard, run = sub(s, pos + 1, pos + 4), 0, 0, 0
  pos = pos + 6
  if held % 2 == 1 then
    failures, guard, run, pos = unpack('>I2I2I2', s, pos)
    if now - last_failure >= memory then return nil, clock, got end
  end
  local v_at, generation = pos, sub(s, pos, pos + 11)
  local of, outcome, length, alphabet, expires, lived, digest, digest_at = unpack('>I4BBBI6I4B', s, pos + 24)
  pos = digest_at + digest
  if outcome % 16 > 0 or now >= expires or of ~= epoch or digest ~= 16 then return nil, clock, got end
  if pos + (held >= 8 and 16 or 0) ~= #s + 1 then return nil, clock, got end

  -- The very verification that is meant, and a code that could be its own.
  local target, form = A[2], A[3]
  local typed, _, of_alphabet, configured, forgotten = unpack('>BBBBI6', form)
  local by_id = #target > 12
  if sub(target, 1, 4) ~= tag or typed ~= length or (alphabet == configured and of_alphabet == 0) then
    return nil, clock, got
  end
  if by_id and (sub(target, 13) ~= generation or now >= forgotten) then return nil, clock, got end
  if not by_id and sub(target, 5, 12) ~= sub(s, v_at + 12, v_at + 19) then return nil, clock, got end

  local ip_left, ip_reset, ip_new, ip_log, ip_fails, fails = -1, 0, nil, '\0\0', '', 0
  local ip_first = ip_now
  if (with_ip or there) and ip_failures > 0 then
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
    ip_left, ip_reset = ip_failures - fails, fails > 0 and ip_first + ip_window - ip_now or 0
  end

  local kid, expected, right = sub(s, v_at + 20, v_at + 23), sub(s, digest_at, digest_at + 15), nil
  for at = 11, #form, 20 do
    if sub(form, at, at + 3) == kid then right = sub(form, at + 4, at + 19) == expected end
  end
  if right == nil then return nil, clock, got end

  -- Decided. Nothing below can fail.
  local verdict, value, reset, stays, ended = 11, nil, 0, ends, ''
  if expires + lived > stays then stays = expires + lived end
  if right then
    -- As lua/lib/ended.lua packs it.
    ended = '\9\0\6' .. sub(s, v_at + 31, v_at + 36)
    value = struct.pack('>BBI6I6I6I6I6c0Bc4Bc0I4BBBI6I4B', 1, 4, now, ends, last, last_failure, now, log, 1, tag, 4,
      sub(s, v_at, v_at + 23), of, outcome + 1, length, alphabet, expires, lived, 0)
    failures = 0
  else
    failures = failures + 1
    if hard_stop > 0 then run = run + 1 end
    if failures + guard >= max_failures or (hard_stop > 0 and run >= hard_stop) then return nil, clock, got end
    value = struct.pack('>BBI6I6I6I6I6c0Bc4BI2I2I2c0', 1, 4, now, ends, last, now, now, log, 1, tag,
      held % 2 == 1 and held or held + 1, failures, guard, run, sub(s, v_at))
    failures, verdict, reset = failures + guard, 12, memory
    if now + memory > stays then stays = now + memory end
    if run > 0 and now + 2592000000 > stays then stays = now + 2592000000 end
    if (with_ip or there) and ip_failures > 0 then
      if now + ip_window > ip_ends then ip_ends = now + ip_window end
      ip_new = not there and struct.pack('>BI6I6c0BBc0I6', 1, now, ip_ends, ip_log, 0, fails + 1, ip_fails, now)
      ip_left, ip_reset = ip_left - 1, ip_first + ip_window - ip_now
    end
  end
  redis.call('XADD', K[3], (got[2] or '1') .. '-*', 'e',
    struct.pack('>BBBI6I2BI6c0c0', 1, 2, verdict, now, failures, 0, 0, A[4], ended))
  -- A time to live that is known beforehand spares writing thirteen digits.
  if right and held % 2 == 0 then
    redis.call('SET', K[1], value, 'KEEPTTL')
  elseif not right and stays - clock == wrong_ttl + 0 then
    redis.call('SET', K[1], value, 'PX', wrong_ttl)
  else
    redis.call('SET', K[1], value, 'PXAT', stays > now and stays or now + 1)
  end
  if right and held >= 8 then redis.call('DEL', sub(K[1], 1, 10) .. 'c:' .. sub(s, pos)) end
  if ip_new then
    if ip_ends - clock == ip_window then
      redis.call('SET', K[7], ip_new, 'PX', fail_ttl)
    else
      redis.call('SET', K[7], ip_new, 'PXAT', ip_ends)
    end
  end
  local attempts = max_failures - failures
  local answer = struct.pack('>BI6I2I6BBI4I6I4BI6I6i6I6Bc0', verdict, now, attempts > 0 and attempts or 0, 0, 0, length, of,
    expires, lived, alphabet, reset, 0, ip_left, ip_reset, 12, generation)
  if with_answer then
    redis.call('SET', with_ip and K[8] or K[7], '\1\2' .. A[5] .. answer, 'PX', '60000')
  end
  return answer
end
