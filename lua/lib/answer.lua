-- An answer that is remembered, for a call that comes again with its Idempotency-Key.
--   k:<ref>  u8 1, u8 state (1 being answered, 2 answered), body (16), then for 1 the operation's id (8), for 2 the reply
--   c:<ref>  the code, sealed under a key that only the caller's Idempotency-Key yields; erased with its code
local ANSWER_MS, ANSWERING_MS = 60000, 10000

-- answer_of(keys, args, body (16) and reference of its code (16) or nothing) -> the answer to remember or nil
local function answer_of(keys, args, body)
  local brought = brings[args[3]]
  if not brought.answer then return nil end
  local at = brought.network and 3 or 2
  return {key = keys[at], code_key = keys[at + 1], body = sub(body, 1, 16), reference = sub(body, 17)}
end

-- answer_look(answer or nil) -> what to return at once, or nil: {REPLAYED, sealed code, answer}, {KEY_REUSED} or {IN_PROGRESS}
local function answer_look(a)
  local held = a and call('GET', a.key)
  if not held then return nil end
  if sub(held, 3, 18) ~= a.body then return {KEY_REUSED} end
  if byte(held, 2) == 1 then return {IN_PROGRESS} end
  return {REPLAYED, call('GET', a.code_key) or '', sub(held, 19)}
end

-- answer_begin(answer or nil, operation); answer_ours(answer or nil, operation) -> it, if this operation still is the one to answer
local function answer_begin(a, operation)
  if a then call('SET', a.key, '\1\1' .. a.body .. operation, 'PX', ANSWERING_MS) end
end

local function answer_ours(a, operation)
  local held = a and call('GET', a.key)
  return held and byte(held, 2) == 1 and sub(held, 19) == operation and a or nil
end

-- answer_keep(answer or nil, reply, sealed code or nil, ms that it lives)
local function answer_keep(a, reply, sealed, lifetime)
  if a then call('SET', a.key, '\1\2' .. a.body .. reply, 'PX', ANSWER_MS) end
  if a and sealed and sealed ~= '' then call('SET', a.code_key, sealed, 'PX', min(ANSWER_MS, lifetime)) end
end
