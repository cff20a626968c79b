-- What sidecars do with messages that carry a code (lua/lib/outbox.lua).

-- Which messages of a bucket somebody may try, or is to tell of. What names none that can be read goes.
-- keys   1 due
-- args   1 how many at most
-- Returns {now, n, then for each: reference and generation, the message}
register('due', {}, function(keys, args)
  local now = clock_ms()
  local members, found = call('ZRANGEBYSCORE', keys[1], '-inf', now, 'LIMIT', 0, args[1]), {now, 0}
  for i = 1, #members do
    local key = message_key(sub(members[i], 17))
    if message_read(key) then
      found[2] = found[2] + 1
      found[#found + 1], found[#found + 2] = members[i], call('GET', key)
    else
      call('ZREM', keys[1], members[i])
    end
  end
  return found
end)

-- message_open(keys, args) -> subject, message or nil, its code or nil, pause of its purpose alone or false
local function message_open(keys, args)
  local s = subject_open(keys, args)
  local code = s.code and s.code.generation == args[5] and s.code or nil
  return s, message_read(message_key(args[5])), code, s.fields[s.names.pause]
end

-- has_life(code, when): no try begins when nothing of its life would be left to use it
local function has_life(code, at) return code.expires - at >= min(LIFE_LEFT_MS, code.lifetime / 4) end

-- pause_back(subject, code, own pause or false): its message failed for good; if it was the last send, the next may come at once
local function pause_back(s, code, pause)
  local p, issued, over = s.p, code.expires - code.lifetime, max(s.now - s.p.cooldown, 0)
  if not p.own_cooldown then
    if s.last_send <= issued then s.last_send = min(s.last_send, over) end
  elseif pause and parse('>I6', pause) <= issued then
    set(s, s.names.pause, pack('>I6', min(parse('>I6', pause), over)))
  end
end

-- message_over(subject, message, code or nil, own pause or false, how it ended): said once
local function message_over(s, m, code, pause, outcome)
  if m.state == QUEUED or outcome == ACCEPTED then m.at = s.now end
  m.state, m.code = outcome, ''
  emit(s, EVENT_DELIVERY, outcome, s.failures, 0, s.context .. pack('>BI2BBI2B', 12, 1, m.tries, 13, 1, m.reason))
  if code and outcome ~= DROPPED then
    local marks = code.marks
    if marks % 4 == 0 then code.marks = marks + (outcome == FAILED and 2 or 1) end
    set(s, s.names.code, code_bytes(code))
    if outcome == FAILED and s.state == PENDING then pause_back(s, code, pause) end
    save(s)
  end
  message_write(m)
  outbox_move(s.key, sub(m.key, 13), nil)
end

-- message_next(message, code, channel or '', now) -> whether it goes on by this channel, since the one before failed
local function message_next(m, code, channel, now)
  if channel == '' or not has_life(code, now) then return false end
  m.maybe = m.maybe + m.out > 0 and 2 or 0
  m.channel, m.step, m.tries, m.out = channel, m.step + 1, 0, 0
  return true
end

-- message_take(subject, message, ms that it is the caller's): one more try is counted
local function message_take(s, m, lease)
  m.tries, m.out, m.at = m.tries + 1, 1, s.now + lease
  message_write(m)
  outbox_move(s.key, sub(m.key, 13), m.at)
end

-- Of both below:
-- args   5 generation  6 most tries by one channel  7 ms that a try is the caller's  8 channel that it goes on by or ''
-- Returns {how it stands, 1 if this call made it so, tries by this channel, which way, ms that are left of its code's life, ms since
-- its code was issued or 0 where that is not known any more}; CLAIMED: the last of these tries is the caller's to make
local function message_answer(s, m, code, how, first)
  local left, age = 0, 0
  if code then left, age = max(code.expires - s.now, 0), max(s.now - code.expires + code.lifetime, 1) end
  return {how, first, m and m.tries or 0, m and m.step or 0, left, age}
end

-- Takes a message for one more try, which is counted before it begins: IN_PROGRESS where it is another's, and NOT_FOUND where its end
-- was told before.
-- args   6 0 = it cannot be tried here: it fails for 9, or is dropped where that is 0  9 why it fails if it may not be tried, 0 = as
--        the last try did
register_event('message_claim', {}, function(keys, args)
  local s, m, code, pause = message_open(keys, args)
  if not m or m.state ~= QUEUED and m.state ~= DROPPED then
    outbox_move(keys[1], args[5], nil)
    return message_answer(s, nil, nil, NOT_FOUND, 0)
  end
  if m.at > s.now and m.state == QUEUED then return message_answer(s, m, code, IN_PROGRESS, 0) end
  -- Of the try before nobody told the end.
  m.maybe = max(m.maybe, m.out)
  local ended = nil
  if m.state == DROPPED or not code or s.state ~= PENDING or args[6] == '0' and args[9] == '0' then
    ended, m.reason = DROPPED, 0
  elseif not (m.tries < tonumber(args[6]) and has_life(code, s.now)) and not message_next(m, code, args[8], s.now) then
    ended = FAILED
    if args[9] ~= '0' then m.reason = tonumber(args[9]) end
  end
  if ended then message_over(s, m, code, pause, ended) else message_take(s, m, tonumber(args[7])) end
  return message_answer(s, m, code, ended or CLAIMED, 1)
end)

-- Says how a try ended; one that comes late changes nothing, but for an acceptance, which is always true.
-- args   9 ACCEPTED, FAILED, TEST, or QUEUED: try again  10 why it failed  11 ms until the next try  12 which way, and  13 which try by
--        it this was  14 0 if it was not begun, 2 if it may have been taken
register_event('message_settle', {'allow-oom'}, function(keys, args)
  local s, m, code, pause = message_open(keys, args)
  local outcome, at = tonumber(args[9]), s.now + tonumber(args[11])
  if not m then return message_answer(s, m, code, NOT_FOUND, 0) end
  local ours = m.step == tonumber(args[12]) and m.tries == tonumber(args[13])
  if m.state ~= QUEUED and m.state ~= DROPPED or outcome ~= ACCEPTED and (m.state ~= QUEUED or not ours) then
    return message_answer(s, m, code, m.state, 0)
  end
  -- It came by an earlier way, and this one may bring it too.
  if m.step ~= tonumber(args[12]) then m.maybe = 2 end
  m.reason = outcome == ACCEPTED and 0 or tonumber(args[10])
  if ours then m.out = 0 end
  if args[14] == '2' then m.maybe = max(m.maybe, 1) end
  if outcome == QUEUED or outcome == FAILED then
    if args[14] == '0' then m.tries = m.tries - 1 end
    -- Of a code that ended it is told by whoever looks.
    local ended = not code or s.state ~= PENDING
    if outcome == QUEUED and (ended or m.tries < tonumber(args[6]) and has_life(code, at)) then
      m.at = at
      message_write(m)
      outbox_move(keys[1], args[5], at)
      return message_answer(s, m, code, QUEUED, 1)
    end
    if not ended and message_next(m, code, args[8], s.now) then
      message_take(s, m, tonumber(args[7]))
      return message_answer(s, m, code, CLAIMED, 1)
    end
    outcome = FAILED
  end
  message_over(s, m, code, pause, outcome)
  return message_answer(s, m, code, outcome, 1)
end)
