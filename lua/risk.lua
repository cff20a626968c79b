-- What is learned of sign-ins, and what they have in common where somebody attacks. None of this decides about a code.

-- erased_since(person, ms) -> whether it was erased at that time or later: nothing from before it is learned
local function erased_since(person, at)
  return type(person) == 'string' and #person >= 26 and parse('>I6', person, 21) >= at
end

-- Puts profiles in the place of what was read, but where something else stands by now or a user was erased since.
-- keys   of each, profile and person. args   1 ms that they are kept, then of each: what was read, '' = nothing; what is to be; when
-- the sign-in was, ms
-- Returns how many were written
register('risk_profile', {}, function(keys, args)
  local written, held = 0, call('MGET', unpack(keys))
  for i = 1, #keys, 2 do
    local before, after, at = unpack(args, (3 * i + 1) / 2, (3 * i + 5) / 2)
    -- What is of another type is neither read nor written over.
    if (held[i] or '') == before and not erased_since(held[i + 1], tonumber(at))
      and call('SET', keys[i], after, before == '' and 'NX' or 'XX', 'PX', args[1]) then written = written + 1 end
  end
  return written
end)

-- Adds to what a tenant's users share, which is halved once a week.
-- keys   1 table (src/risk/table.rs). args   1 week  2 of each place: u16, u32 new, u32 all  3 ms that it is kept. Returns 1
local TABLE_BYTES, MOST = 4028, 4294967295
register('risk_table', {}, function(keys, args)
  local week, held = tonumber(args[1]), try('GET', keys[1])
  local is_table = type(held) == 'string' and #held == TABLE_BYTES
  local weeks = is_table and week - parse('>I4', held) or 32
  if weeks > 0 then
    local halved = {pack('>I4', week)}
    for i = 5, TABLE_BYTES, 4 do
      halved[#halved + 1] = pack('>I4', is_table and floor(parse('>I4', held, i) / 2 ^ min(weeks, 32)) or 0)
    end
    held = table.concat(halved)
  end
  for i = 1, #args[2], 10 do
    local place, new, all = parse('>I2I4I4', args[2], i)
    local at = 5 + 8 * place
    local new_before, all_before = parse('>I4I4', held, at)
    held = sub(held, 1, at - 1) .. pack('>I4I4', min(new_before + new, MOST), min(all_before + all, MOST)) .. sub(held, at + 8)
  end
  call('SET', keys[1], held, 'PX', args[3])
  return 1
end)

-- Notes somebody among those who have something in common of late, or takes them out, and flags what they have in common from a
-- number of them on.
-- keys   1 who they are, the newest last: of each u32 who, u32 when, s  2 person, where it is about one  3 flagged
-- args   1 who, as there  2 the flag  3 when it was, ms  4 since when they count, s  5 most of them  6 how many are too many, 0 = takes
-- them out  7 ms they are kept  8 when the flag ends, ms
-- Returns 1 where they are too many from now on, else 0
register('risk_pattern', {}, function(keys, args)
  local since, most, many = tonumber(args[4]), tonumber(args[5]), tonumber(args[6])
  local held, who, list, known, count = try('GET', keys[1]), sub(args[1], 1, 4), {}, false, 0
  if type(held) == 'table' or erased_since(try('GET', keys[2]), tonumber(args[3])) then return 0 end
  for i = 1, held and #held - 7 or 0, 8 do
    if parse('>I4', held, i + 4) >= since then
      count = count + 1
      if sub(held, i, i + 3) == who then known = true else list[#list + 1] = sub(held, i, i + 7) end
    end
  end
  if many == 0 and not known then return 0 end
  if many > 0 then list[#list + 1] = args[1] end
  while #list > most do table.remove(list, 1) end
  if #list > 0 then call('SET', keys[1], table.concat(list), 'PX', args[7]) else call('DEL', keys[1]) end
  if many == 0 or #list < many then return 0 end
  -- Those that have ended take nobody's place.
  local ended = try('ZRANGEBYSCORE', keys[3], '-inf', digits[clock_ms()])
  if ended.err then return 0 end
  if #ended > 0 then call('ZREM', keys[3], unpack(ended)) end
  local added = call('ZADD', keys[3], 'GT', args[8], args[2])
  call('ZREMRANGEBYRANK', keys[3], 0, -257)
  local ends = max(call('PEXPIRETIME', keys[3]), tonumber(args[8]))
  call('PEXPIREAT', keys[3], digits[ends])
  return count < many and added or 0
end)
