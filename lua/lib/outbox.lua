-- The outbox of messages that carry a code to its user: otp:{tag}:m:<generation>, and otp:{tag}:due, which names those under way
-- (reference, generation) by when somebody may try them again, ms. A message is
--   u8 1, u8 state (QUEUED, ACCEPTED, FAILED, DROPPED, TEST), u8 tries begun by this channel, u8 why the last one failed, u48 that
--   time while it is queued, else since when, u8 which of its ways it goes, u8 1 while a try is out whose end nobody told, u8 0, 1
--   this channel may have brought it, 2 an earlier one may have, u8 length, channel, u16 length, where it goes (sealed), then while
--   it is queued the code (sealed)
local MARK_MESSAGE, MESSAGE_VERSION, LIFE_LEFT_MS = 8, 1, 30000

local function message_key(generation) return bucket.head .. 'm:' .. generation end

-- message_read(key) -> message, or nil where there is none that can be read
local function message_read(key)
  local held = try('GET', key)
  if type(held) ~= 'string' then return nil end
  local whole, version, state, tries, reason, at, step, out, maybe, channel, about, rest = pcall(parse, '>BBBBI6BBBBc0I2c0', held)
  if not whole or version ~= MESSAGE_VERSION then return nil end
  return {key = key, state = state, tries = tries, reason = reason, at = at, step = step, out = out, maybe = maybe,
    channel = channel, about = about, code = sub(held, rest)}
end

local function message_write(m)
  local bytes = pack('>BBBBI6BBBBc0I2c0c0', MESSAGE_VERSION, m.state, m.tries, m.reason, m.at, m.step, m.out, m.maybe, #m.channel,
    m.channel, #m.about, m.about, m.code)
  call('SET', m.key, bytes, 'KEEPTTL')
end

-- message_put(subject, generation, new message, when its code expires and for how long that was to live): written by save
local function message_put(s, generation, message, expires, lifetime)
  local lease, at = parse('>I4', message)
  s.outbox = {new = sub(message, at), generation = generation, at = s.now + lease, ends = expires + lifetime}
end

-- message_cut(message, now, whether where it went is forgotten): the code that it carries ended. It stays in `due` until somebody
-- looks there and tells of it.
local function message_cut(m, now, forget)
  if m.state == QUEUED then m.state, m.at, m.code = DROPPED, now, '' end
  if forget then m.about = '' end
end

-- message_end(subject, generation, outcome of its code): of a success, which way brought it (255: nobody can tell) and where they go
local function message_end(s, generation, outcome)
  local m = message_read(message_key(generation))
  if not m then return end
  if outcome == USED then s.proven = pack('>B', m.maybe < 2 and m.tries > 0 and m.step or 255) .. m.about end
  message_cut(m, s.now, outcome == SUPERSEDED)
  s.cut = s.cut or {}
  s.cut[#s.cut + 1] = m
end

-- outbox_move(record, generation, when it is due, or nil: it is under way no more)
local function outbox_move(record, generation, at)
  local member = sub(record, -16) .. generation
  if at then call('ZADD', bucket.due, at, member) else call('ZREM', bucket.due, member) end
end

-- outbox_save(subject): the new message, and those whose codes ended
local function outbox_save(s)
  for _, m in ipairs(s.cut or {}) do message_write(m) end
  local new = s.outbox
  if not new then return end
  local head = pack('>BBBBI6BBB', MESSAGE_VERSION, QUEUED, 1, 0, new.at, 0, 1, 0)
  call('SET', message_key(new.generation), head .. new.new, 'PXAT', digits[new.ends])
  outbox_move(s.key, new.generation, new.at)
  if call('PEXPIRETIME', bucket.due) < new.ends then call('PEXPIREAT', bucket.due, digits[new.ends]) end
end
