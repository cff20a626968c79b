-- What is asked of one verification by its id. args   5 target

-- target_open(keys, args) -> subject, the code that is meant or nil, its state, its marks, which issue it is
local function target_open(keys, args)
  local s = subject_open(keys, args)
  local code, state, marks = target_find(s, args[5])
  return s, code, state, marks, code and code.generation or sub(args[5], 15)
end

-- Looks at it; changes nothing. Returns {state, now, attempts left, the message that carries its code or '', what code_bytes says of
-- its code where that is in the record, else ''}
register('get', {'no-writes'}, function(keys, args)
  local s, code, state, marks, generation = target_open(keys, args)
  -- Superseded ones have no marks.
  local held = (marks >= MARK_MESSAGE or state == SUPERSEDED) and try('GET', message_key(generation))
  return {state, s.now, failures_left(s), type(held) == 'string' and held or '', code and code_bytes(code) or ''}
end)

-- Cancels it, or notes that the app found it used. Gives no quota back; what already ended stays what it was.
-- args   6 how it ends: CANCELED or USED. Returns {state, 1 if it ended now, where the message went whose code was used, or ''}
register_event('cancel', {'allow-oom'}, function(keys, args)
  local s, code, state = target_open(keys, args)
  if state == PENDING then
    local outcome = tonumber(args[6])
    code_end(s, code, outcome, s.names)
    emit(s, EVENT_CANCEL, outcome, s.failures, 0)
    save(s)
    return {outcome, 1, s.proven or ''}
  end
  if code then code_expired(s) end
  mend(s)
  return {state, 0, ''}
end)

-- Notes once whether its code reached its user. args   6 1 = delivered, 2 = failed. Returns {state, 1 if it was noted now}
register_event('delivery', {}, function(keys, args)
  local s, code, state, marks = target_open(keys, args)
  -- One that gave its place to a later code has none to note it in; of a message it is known.
  if not code or marks % 4 > 0 or marks >= MARK_MESSAGE then return {state, 0} end
  code.marks = marks + tonumber(args[6])
  set(s, s.names.code, code_bytes(code))
  emit(s, EVENT_DELIVERY, args[6] == '1' and DELIVERED or FAILED, s.failures, 0)
  save(s)
  return {state, 1}
end)

-- Notes once that the user did not ask for it, whatever became of it, and cancels it if it is still pending.
-- Returns {state, 1 if it was noted now}
register_event('report', {'allow-oom'}, function(keys, args)
  local s, code, state, marks, generation = target_open(keys, args)
  if state == NOT_FOUND or marks % MARK_MESSAGE >= MARK_REPORTED then return {state, 0} end
  if code then
    code.marks = marks + MARK_REPORTED
    set(s, s.names.code, code_bytes(code))
  else
    history_later(s, generation, state, marks + MARK_REPORTED, parse('>I6', args[5], 9))
  end
  if state == PENDING then
    state = CANCELED
    code_end(s, code, CANCELED, s.names)
  end
  emit(s, EVENT_REPORT, REPORTED, s.failures, 0, context_of(s, generation))
  if code then save(s) else history_save(s) end
  return {state, 1}
end)
