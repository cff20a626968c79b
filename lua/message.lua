-- What sidecars do with messages that carry a code (lua/lib/outbox.lua).

-- Which messages of a bucket somebody may try, or is to tell of. What names none that can be read goes.
-- keys   1 due
-- args   1 how many at most
-- Returns {now, n, then for each: reference and generation, the message}
register('due', {}, function(keys, args)
  local now = clock_ms()
  local members, found = call('ZRANGEBYSCORE', keys[1], '-inf', now, 'LIMIT', 0, args[1]), {now, 0}
  for i = 1, #members do
    local key = message_key(keys[1], sub(members[i], 17))
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
  local s, pause = subject_open(keys, args, names_of[args[2]].pause)
  local code = s.code and s.code.generation == args[5] and s.code or nil
  return s, message_read(message_key(keys[1], args[5])), code, pause
end

-- may_try(message, code, when, most tries): none begins when nothing of its life would be left to use it
local function may_try(m, code, at, most)
  return m.tries < most and code.expires - at >= min(LIFE_LEFT_MS, code.lifetime / 4)
end

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
    local marks = code.marks or 0
    if marks % 4 == 0 then code.marks = marks + (outcome == ACCEPTED and 1 or 2) end
    set(s, s.names.code, code_bytes(code))
    if outcome == FAILED and s.state == PENDING then pause_back(s, code, pause) end
    save(s)
  end
  message_write(m)
  outbox_move(s.keys[1], sub(m.key, 13), nil)
end

-- Takes a message for one more try, which is counted before it begins.
-- args   5 generation  6 most tries, 0 = it cannot be tried here: it fails for 8, or is dropped where that is 0  7 ms that it is ours
--        8 why it fails if it may not be tried, 0 = as the last try did
-- Returns {CLAIMED, tries with this one, ms that are left of its code's life}, {IN_PROGRESS, 0, 0} where it is another's, or how
-- it ended, which is told now, {NOT_FOUND, 0, 0} where that was told before
register_event('message_claim', {}, function(keys, args)
  local s, m, code, pause = message_open(keys, args)
  if not m or m.state == ACCEPTED or m.state == FAILED then
    outbox_move(keys[1], args[5], nil)
    return {NOT_FOUND, 0, 0}
  end
  if m.at > s.now and m.state == QUEUED then return {IN_PROGRESS, 0, 0} end
  local ended = nil
  if m.state == DROPPED or not code or s.state ~= PENDING then ended = DROPPED
  elseif args[6] == '0' and args[8] == '0' then ended = DROPPED
  elseif not may_try(m, code, s.now, tonumber(args[6])) then ended = FAILED end
  if ended then
    if ended == FAILED and args[8] ~= '0' then m.reason = tonumber(args[8]) end
    if ended == DROPPED then m.reason = 0 end
    message_over(s, m, code, pause, ended)
    return {ended, m.tries, 0}
  end
  m.tries, m.at = m.tries + 1, s.now + tonumber(args[7])
  message_write(m)
  outbox_move(keys[1], args[5], m.at)
  return {CLAIMED, m.tries, code.expires - s.now}
end)

-- Says how a try ended; one that comes late changes nothing, but for an acceptance, which is always true.
-- args   5 generation  6 most tries  7 ACCEPTED, FAILED, or QUEUED: try again  8 why it failed  9 ms until the next try  10 which
--        try it was  11 '1' if it was begun
-- Returns {how it stands, 1 if this call made it so, now, when the code was issued or 0}
register_event('message_settle', {'allow-oom'}, function(keys, args)
  local s, m, code, pause = message_open(keys, args)
  local outcome, at, issued = tonumber(args[7]), s.now + tonumber(args[9]), code and code.expires - code.lifetime or 0
  if not m then return {NOT_FOUND, 0, s.now, issued} end
  local late = outcome ~= ACCEPTED and (m.state ~= QUEUED or m.tries ~= tonumber(args[10]))
  if late or m.state == ACCEPTED or m.state == FAILED then return {m.state, 0, s.now, issued} end
  m.reason = outcome == ACCEPTED and 0 or tonumber(args[8])
  if outcome == QUEUED then
    if args[11] ~= '1' then m.tries = m.tries - 1 end
    -- Of a code that ended it is told by whoever looks.
    if not code or s.state ~= PENDING or may_try(m, code, at, tonumber(args[6])) then
      m.at = at
      message_write(m)
      outbox_move(keys[1], args[5], at)
      return {QUEUED, 1, s.now, issued}
    end
    outcome = FAILED
  end
  message_over(s, m, code, pause, outcome)
  return {outcome, 1, s.now, issued}
end)
