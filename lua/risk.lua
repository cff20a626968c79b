-- What is learned of sign-ins, and what they have in common where somebody attacks. None of this decides about a code.

-- Puts a profile in the place of what was read, unless something else stands there by now or its user was erased since.
-- keys   1 profile  2 person. args   1 what was read, '' = nothing  2 what is to be  3 when the sign-in was, ms  4 ms that it is kept
-- Returns 1, or 0 where nothing was written
register('risk_profile', {}, function(keys, args)
  local person = try('GET', keys[2])
  local erased = type(person) == 'string' and #person >= 26 and parse('>I6', person, 21) or 0
  if (call('GET', keys[1]) or '') ~= args[1] or erased >= tonumber(args[3]) then return 0 end
  call('SET', keys[1], args[2], 'PX', args[4])
  return 1
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

-- Notes somebody among those who have something in common, and flags what they have in common from a number of them on.
-- keys   1 who they are, four bytes each  2 the same of the window before, or once more  3 flagged
-- args   1 who  2 most of them  3 ms they are kept  4 how many are too many  5 the flag  6 when it ends, ms
-- Returns 1 where they are too many from now on, else 0
register('risk_pattern', {}, function(keys, args)
  local function noted(key)
    local list = try('GET', key)
    return type(list) == 'string' and list or ''
  end
  local function has(list)
    for i = 1, #list, 4 do if sub(list, i, i + 3) == args[1] then return true end end
  end
  local here, before = noted(keys[1]), keys[2] ~= keys[1] and noted(keys[2]) or ''
  if #here >= 4 * tonumber(args[2]) or has(here) or has(before) then return 0 end
  call('SET', keys[1], here .. args[1], unpack(here == '' and {'PX', args[3]} or {'KEEPTTL'}))
  local count, many = (#before + #here) / 4 + 1, tonumber(args[4])
  if count < many then return 0 end
  call('ZADD', keys[3], args[6], args[5])
  call('ZREMRANGEBYRANK', keys[3], 0, -257)
  local ends = max(call('PEXPIRETIME', keys[3]), tonumber(args[6]))
  call('PEXPIREAT', keys[3], digits(ends))
  return count == many and 1 or 0
end)
