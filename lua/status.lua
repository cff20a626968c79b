-- standing(subject, look) -> how a subject stands, over all purposes: now, disabled, locked until, level, wait, sends in the last
-- hour, sends left, failures, attempts left, last send, last attempt, pending. Times in ms, 0 = never; "left" is -1 where no
-- quota is on.
local function standing(s, look)
  local last, hour, pending = s.last_send, 0, 0
  for field, value in pairs(s.fields) do
    local kind = kinds[field]
    if kind == 'pause' then
      last = max(last, (parse('>I6', whole(value, 6))))
    elseif kind == 'sends' then
      hour = hour + log_used(log_read(value, 'record'), HOUR_MS, s.now)
    elseif kind == 'code' and code_state(s, code_read(value)) == PENDING then
      pending = pending + 1
    end
  end
  local lock, failures, wait = s.lock.ends > s.now and s.lock, s.failures, max(look.wait, look.pause)
  if lock then failures, wait = lock.failures, max(wait, lock.ends - s.now) end
  return {s.now, s.disabled and 1 or 0, lock and lock.ends or 0, s.lock.level, wait, hour, look.left, failures, failures_left(s),
    last, s.last_attempt, pending}
end

-- Looks at one subject; changes nothing. Returns what standing says
register('status', {'no-writes'}, function(keys, args)
  local s = subject_open(keys, args)
  return standing(s, sends_look(s))
end)

-- Looks at all that is held of one subject, but no code and no digest; changes nothing.
-- Returns {what standing says..., reason of the lock, when it began, when it ends or ended, failures that led to it,
--          disabled since, wrong codes in a row, last failure,
--          wait of the quota, pause left, sends of the network left and their wait, failures of the network left and the
--          wait of its block, checks being compared, n, then for each purpose: its name, failures, those of the guard, wrong
--          codes in a row, 1 if it has a budget of its own, state of its code or -1, its end, its marks, the message
--          that carries it or '', its generation or ''}
register('inspect', {'no-writes'}, function(keys, args)
  local s = subject_open(keys, args)
  local look, lock, names, all = sends_look(s), s.lock, {}, purposes_read(s)
  local out, blocked, ip_failures = standing(s, look), network_blocked(s.network)
  for name in pairs(all) do names[#names + 1] = name end
  table.sort(names)
  local function add(...)
    for i = 1, select('#', ...) do out[#out + 1] = (select(i, ...)) end
  end
  add(lock.reason, lock.since, lock.ends, lock.failures, s.disabled or 0, s.run, s.last_failure)
  add(look.wait, look.pause, look.ip_left, look.ip_wait, ip_failures, blocked, s.open, #names)
  for _, name in ipairs(names) do
    local o = all[name]
    local code = o.code or {expires = 0, marks = 0, generation = ''}
    local message = code.marks >= MARK_MESSAGE and call('GET', message_key(code.generation)) or ''
    add(name, o.failures, o.guard, o.run, o.own and 1 or 0, o.state or -1, code.expires, code.marks, message, code.generation)
  end
  return out
end)
