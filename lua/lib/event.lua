-- event_add(key of the stream, kind, outcome, epoch, now, failures, level, ends, context): one event, in the layout of
-- src/event/mod.rs. The stream's id is epoch-sequence, so the sequence needs no counter of its own. Called before any
-- other write of its operation.
local function event_add(key, kind, outcome, epoch, now, failures, level, ends, context)
  redis.call('XADD', key, epoch .. '-*', 'e', struct.pack('>BBBI6I2BI6', 1, kind, outcome, now, failures, level, ends) .. context)
end

-- ended_take(subject) -> when each code would have expired that this call ended before its time (tag 9), for the first event
-- after that, so that whoever counts live codes knows; '' where there was none
local function ended_take(s)
  if s.ended == '' then return '' end
  local taken = struct.pack('>BI2', 9, #s.ended) .. s.ended
  s.ended = ''
  return taken
end

-- emit(subject, kind, outcome, failures, ends, context): the event of a call about a subject
local function emit(s, kind, outcome, failures, ends, context)
  event_add(s.keys[3], kind, outcome, s.epoch_text, s.now, failures, s.level, ends, context .. ended_take(s))
end
