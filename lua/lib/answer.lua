-- What a call about a subject brings besides it, by flags (args[3]): 1 = the key of the client's network is keys[7], 2 = the last
-- two keys are of a remembered answer and of its code, 4 = the network's state came along as the last argument instead.
--   k:<ref>  u8 1, u8 state (1 being answered, 2 answered), body (16), then for 1 the operation's id (8), for 2 the reply
--   c:<ref>  the code, sealed under a key that only the caller's Idempotency-Key yields; erased with its code
local ANSWER_MS, ANSWERING_MS = 60000, 10000

-- network_of(keys, args, clock, policy) -> the client's network or nil
local function network_of(keys, args, clock, p)
  local flags = tonumber(args[3])
  if flags >= 4 then return network_there(args[#args], p) end
  if flags % 2 == 1 then return network_get(keys[7], 7, clock, p) end
end

-- answer_of(keys, args, body) -> the answer to remember or nil
local function answer_of(keys, args, body)
  local flags = tonumber(args[3])
  if flags % 4 < 2 then return nil end
  local at = 7 + flags % 2
  return {key = keys[at], code_key = keys[at + 1], body = body}
end

-- answer_look(answer or nil) -> what to return at once, or nil
local function answer_look(a)
  local held = a and redis.call('GET', a.key)
  if not held then return nil end
  if string.sub(held, 3, 18) ~= a.body then return {KEY_REUSED} end
  if string.byte(held, 2) == 1 then return {IN_PROGRESS} end
  return {REPLAYED, redis.call('GET', a.code_key) or '', string.sub(held, 19)}
end

-- answer_begin(answer or nil, operation)
local function answer_begin(a, operation)
  if a then redis.call('SET', a.key, '\1\1' .. a.body .. operation, 'PX', ANSWERING_MS) end
end

-- answer_ours(answer or nil, operation) -> the answer, if this operation still is the one that answers
local function answer_ours(a, operation)
  local held = a and redis.call('GET', a.key)
  return held and string.byte(held, 2) == 1 and string.sub(held, 19) == operation and a or nil
end

-- answer_keep(answer or nil, reply)
local function answer_keep(a, reply)
  if a then redis.call('SET', a.key, '\1\2' .. a.body .. reply, 'PX', ANSWER_MS) end
end

-- answer_keep_code(answer or nil, sealed, lifetime)
local function answer_keep_code(a, sealed, lifetime)
  if a then redis.call('SET', a.code_key, sealed, 'PX', math.min(ANSWER_MS, lifetime)) end
end
