-- Remembered answers, for calls that come with an Idempotency-Key. Per key two Redis keys of the subject's bucket:
--   k:<ref>  u8 1, u8 state (1 being answered, 2 answered), body (16), then for 1 the operation's id (8), for 2 the reply
--   c:<ref>  the code, sealed under a key that only the caller's Idempotency-Key yields; erased with its verification
local ANSWER_MS, ANSWERING_MS = 60000, 10000

-- answer_look(key, code key, body) -> what to return at once, or nil
local function answer_look(key, code_key, body)
  local s = key and redis.call('GET', key)
  if not s then return nil end
  if string.sub(s, 3, 18) ~= body then return {KEY_REUSED} end
  if string.byte(s, 2) == 1 then return {IN_PROGRESS} end
  return {REPLAYED, redis.call('GET', code_key) or '', string.sub(s, 19)}
end

-- answer_begin(key, body, operation)
local function answer_begin(key, body, operation)
  if key then redis.call('SET', key, '\1\1' .. body .. operation, 'PX', ANSWERING_MS) end
end

-- answer_ours(key, operation) -> whether this operation still is the one that answers
local function answer_ours(key, operation)
  local s = key and redis.call('GET', key)
  return s and string.byte(s, 2) == 1 and string.sub(s, 19) == operation
end

-- answer_keep(key, body, reply)
local function answer_keep(key, body, reply)
  if key then redis.call('SET', key, '\1\2' .. body .. reply, 'PX', ANSWER_MS) end
end

-- answer_keep_code(code key, sealed, lifetime)
local function answer_keep_code(code_key, sealed, lifetime)
  if code_key then redis.call('SET', code_key, sealed, 'PX', math.min(ANSWER_MS, lifetime)) end
end
