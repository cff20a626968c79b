-- What every operation stands on. Redis gives nothing of this to a library that is being loaded; looked up once, it spares 1 us a call.
local call, try, pack, parse, sub, byte, floor, max, min

-- register(name, flags, operation(keys, args)): makes it callable as a function of this library (src/store/functions.rs, which
-- writes LIBRARY before this, and numbers for outcomes and kinds of event). What one about a subject does not name is the same for all:
-- keys   1 record  2 epoch  3 events  4 locked  5 disabled  6 history, then what `flags` says (answer.lua)
-- args   1 limits  2 purpose  3 flags  4 context of the event
local function register(name, flags, operation)
  redis.register_function{function_name = LIBRARY .. '_' .. name, flags = flags, callback = function(keys, args)
    if not call then
      call, try, pack, parse, sub, byte = redis.call, redis.pcall, struct.pack, struct.unpack, string.sub, string.byte
      floor, max, min = math.floor, math.max, math.min
    end
    return operation(keys, args)
  end}
end

-- register_event(name, flags, operation): the same for one that may write an event. Its last argument, which operation does not see,
-- is the position of the bucket that the sidecar knew when it sent the call (lua/lib/event.lua). Answers {what operation does, id of
-- the last event that it wrote, or ''}
local function register_event(name, flags, operation)
  register(name, flags, function(keys, args)
    keys.known, args[#args] = args[#args], nil
    local answer = operation(keys, args)
    return {answer, keys.wrote or ''}
  end)
end

-- damaged(n), newer(n): the n-th key of the call holds what no version of this software writes, or what a later one wrote
local function damaged(n) error({err = 'OTPRECORD ' .. n}) end
local function newer(n) error({err = 'OTPVERSION ' .. n}) end
local function whole(value, length) return #value == length and value or damaged(1) end

-- epoch_get(keys) -> the epoch of the bucket
local function epoch_get(keys)
  local epoch = try('GET', keys[2]) or '0'
  return type(epoch) == 'string' and string.find(epoch, '^%d+$') and tonumber(epoch) or damaged(2)
end

-- drop_unused_key(keys): in a cluster a call ends with a key that never exists (src/store/key.rs)
local function drop_unused_key(keys)
  if sub(keys[#keys], -2) == ':-' then keys[#keys] = nil end
end

-- clock_ms() -> Redis's clock in whole ms, read once a call. A `seen` further ahead of it was written by a clock that was wrong.
local AHEAD_MS, HOUR_MS = 5000, 3600000
local function clock_ms()
  local t = call('TIME')
  return t[1] * 1000 + floor(t[2] / 1000)
end

-- kept(make) -> make, whose results are kept by their very argument. Nothing else outlives a call.
local function kept(make)
  local results, count = {}, 0
  return function(argument)
    local result = results[argument]
    if result then return result end
    if count >= 128 then results, count = {}, 0 end
    result = make(argument)
    results[argument], count = result, count + 1
    return result
  end
end

-- digits(number) -> its text, which Redis makes slowly; nearly always it is one of a few
local digits = kept(function(number) return string.format('%.0f', number) end)

-- policy_read(blob) -> the limits that hold for this call, as src/store/limits.rs packs them; times in ms
local policy_read = kept(function(blob)
  local p, flags, factor = {}, nil, nil
  p.lifetime, p.cooldown, p.sends, p.window, flags, p.ip_sends, p.ip_window, p.ip_failures, p.ip_memory, p.max_failures,
    p.lock_first, p.lock_cap, factor, p.memory, p.hard_stop = parse('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2', blob)
  p.own_cooldown, p.own_sends, p.progressive, p.factor = flags % 2 == 1, flags % 4 >= 2, flags >= 4, factor / 1000
  return p
end)

-- names_of(purpose) -> the fields of a record that are about it alone
local KINDS = {'code', 'digest', 'replaced', 'reserved', 'failures', 'sends', 'pause'}
local names_of = kept(function(purpose)
  local names = {}
  for _, kind in ipairs(KINDS) do names[kind] = kind .. ':' .. purpose end
  return names
end)
