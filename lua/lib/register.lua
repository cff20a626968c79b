-- What every operation stands on. Redis gives nothing of this to a library that is being loaded; looked up once, it spares 1 us a call.
local call, try, pack, parse, sub, byte, floor, max, min
-- Of the call that runs alone: the keys of its bucket, the position that the sidecar knew, the id of the last event that it wrote.
local bucket, position, wrote

-- kept(make) -> a table that makes what is looked up in it, from its key alone, and keeps some. Nothing else outlives a call.
local KEPT_MAX, keepers = 128, {}
local function kept(make)
  local results, count = {}, 0
  keepers[results] = {__index = function(_, key)
    if count >= KEPT_MAX then
      for other in pairs(results) do results[other] = nil end
      count = 0
    end
    results[key], count = make(key), count + 1
    return results[key]
  end}
  return results
end

-- bucket_keys[the beginning of a key] -> that, and the keys of its bucket as a whole
local HEAD = 10
local bucket_keys = kept(function(head)
  local names = {head = head}
  for _, name in ipairs({'epoch', 'events', 'locked', 'disabled', 'due', 'exported'}) do names[name] = head .. name end
  return names
end)

-- register(name, flags, operation(keys, args)): makes it callable as a function of this library (src/store/functions.rs, which
-- writes LIBRARY before this, and numbers for outcomes and kinds of event). What one about a subject does not name is the same for all:
-- keys   1 record, then what args 3 says (all of one bucket lie with one server; in a cluster one that never exists comes last)
-- args   1 limits  2 purpose  3 flags, see brings  4 context of the event. What is nothing at the end is left out.
local function register(name, flags, operation)
  redis.register_function{function_name = LIBRARY .. '_' .. name, flags = flags, callback = function(keys, args)
    if not call then
      call, try, pack, parse, sub, byte = redis.call, redis.pcall, struct.pack, struct.unpack, string.sub, string.byte
      floor, max, min = math.floor, math.max, math.min
      for results, keeper in pairs(keepers) do setmetatable(results, keeper) end
    end
    bucket = bucket_keys[sub(keys[1], 1, HEAD)]
    return operation(keys, args)
  end}
end

-- register_event(name, flags, operation): the same for one that may write an event. Its last argument, which operation does not see,
-- is the position of the bucket that the sidecar knew when it sent the call. Answers what operation does, with the id of the last
-- event that it wrote, or '': {answer, id}, or for an answer that is packed just that, a zero and the id
local function register_event(name, flags, operation)
  register(name, flags, function(keys, args)
    local last = #args
    position, wrote, args[last] = args[last], '', nil
    local answer = operation(keys, args)
    return type(answer) == 'string' and answer .. '\0' .. wrote or {answer, wrote}
  end)
end

-- damaged(kind), newer(kind): the key of this kind (src/store/damaged.rs) holds what no version writes, or what a later one wrote
local function damaged(kind) error({err = 'OTPRECORD ' .. kind}) end
local function newer(kind) error({err = 'OTPVERSION ' .. kind}) end
local function whole(value, length) return #value == length and value or damaged('record') end

-- epoch_get() -> the epoch of the bucket
local epochs = kept(function(text)
  return type(text) == 'string' and string.find(text, '^%d+$') and tonumber(text) or damaged('epoch')
end)
local function epoch_get() return epochs[try('GET', bucket.epoch) or '0'] end

-- clock_ms() -> Redis's clock in whole ms, read once a call. A `seen` further ahead of it was written by a clock that was wrong.
local AHEAD_MS, HOUR_MS = 5000, 3600000
local seconds = kept(function(text) return text * 1000 end)
local function clock_ms()
  local t = call('TIME')
  return seconds[t[1]] + floor(t[2] / 1000)
end

-- to_minute(ms) -> the end of that minute: what ends then is one of few, and what comes soon after raises nothing
local function to_minute(ms) return ms - ms % 60000 + 60000 end

-- digits[number] -> its text, which Redis makes slowly; times[ms] -> it as u48
local digits = kept(function(number) return string.format('%.0f', number) end)
local times = kept(function(ms) return pack('>I6', ms) end)

-- brings[flags] -> what else a call about a subject brings: 1 = its next key is the client's network, 2 = its next two are of a
-- remembered answer and of that one's code, 4 = the network's state came along as the last argument instead; 8 times why a code may
-- not go where it is to go, as those decided who were asked before (0 = it may), and 512 times for how many ms
local brings = kept(function(flags)
  return {network = flags % 2 == 1, answer = flags % 4 >= 2, state = flags % 8 >= 4, barred = floor(flags / 8) % 64,
    barred_wait = floor(flags / 512)}
end)

-- policies[packed] -> the limits that hold for this call, as src/store/limits.rs packs them; times in ms
local policies = kept(function(blob)
  local p, flags, factor = {}, nil, nil
  p.lifetime, p.cooldown, p.sends, p.window, flags, p.ip_sends, p.ip_window, p.ip_failures, p.ip_memory, p.max_failures,
    p.lock_first, p.lock_cap, factor, p.memory, p.hard_stop = parse('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2', blob)
  p.own_cooldown, p.own_sends, p.progressive, p.factor = flags % 2 == 1, flags % 4 >= 2, flags >= 4, factor / 1000
  return p
end)

-- names_of[purpose] -> the fields of a record that are about it alone
local KINDS = {'code', 'digest', 'replaced', 'reserved', 'failures', 'sends', 'pause'}
local names_of = kept(function(purpose)
  local names = {purpose = purpose}
  for _, kind in ipairs(KINDS) do names[kind] = kind .. ':' .. purpose end
  return names
end)
