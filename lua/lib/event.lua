-- event_add(key of the stream, kind, outcome, epoch, now, failures, level, ends, context): one event, in the layout of
-- src/event/mod.rs. The stream's id is epoch-sequence, so the sequence needs no counter of its own. Called before any
-- other write of its operation.
local function event_add(key, kind, outcome, epoch, now, failures, level, ends, context)
  call('XADD', key, digits(epoch) .. '-*', 'e', pack('>BBBI6I2BI6', 1, kind, outcome, now, failures, level, ends) .. context)
end

-- event_of(keys, kind, outcome, now, failures, ends, context): that of a call which reads no subject
local function event_of(keys, kind, outcome, now, failures, ends, context)
  event_add(keys[3], kind, outcome, tonumber(call('GET', keys[2]) or 1), now, failures, 0, ends, context)
end

-- emit(subject, kind, outcome, failures, ends, context or nil): the event of a call about a subject. The first one after codes
-- ended before their time says when each would have expired (tag 9), so that whoever counts live codes knows.
local function emit(s, kind, outcome, failures, ends, context)
  context = context or s.context
  if s.ended then context, s.ended = context .. pack('>BI2', 9, #s.ended) .. s.ended, nil end
  event_add(s.keys[3], kind, outcome, s.epoch, s.now, failures, s.lock.level, ends, context)
end
