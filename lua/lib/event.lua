-- behind(): the data are older than what the sidecar knew of when it sent this call. Nothing ran.
local function behind() error({err = 'OTPBEHIND the data are older than what is known of them'}) end

-- stream_last(key) -> the last id that a stream gave, which neither trimming nor a restart lowers; '' where there is none, '?' where
-- what lies there is no stream
local function stream_last(key)
  local info = try('XINFO', 'STREAM', key)
  if info.err then return string.find(info.err, 'no such key', 1, true) and '' or '?' end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end

-- auto_ids[epoch] -> what XADD makes the next id of that epoch from
local auto_ids = kept(function(epoch) return digits[epoch] .. '-*' end)

-- event_add(kind, outcome, epoch, now, failures, level, ends, context): one event into its bucket's stream, in the layout of
-- src/event/mod.rs, under the id epoch-sequence. Called before any other write of its operation: where the event would not stand
-- behind the position that the sidecar knew (u48 epoch, u48 next sequence), it is taken back. The stream does not forget that it gave
-- the number, so the epoch says for all to see that these data are to be fenced: at 0 nothing is decided, and no code is good.
local function event_add(kind, outcome, epoch, now, failures, level, ends, context)
  local known_epoch, next = parse('>I6I6', position)
  if epoch < known_epoch or epoch == 0 then behind() end
  local auto = auto_ids[epoch]
  wrote = call('XADD', bucket.events, auto, 'e', pack('>BBBI6I2BI6c0', 1, kind, outcome, now, failures, level, ends, context))
  if epoch == known_epoch and sub(wrote, #auto) - next < 0 then
    call('XDEL', bucket.events, wrote)
    call('SET', bucket.epoch, '0')
    behind()
  end
end

-- event_of(kind, outcome, now, failures, ends, context): that of a call which reads no subject
local function event_of(kind, outcome, now, failures, ends, context)
  event_add(kind, outcome, epoch_get(), now, failures, 0, ends, context)
end

-- context_of(subject, generation) -> its context with which verification it was (tag 16)
local function context_of(s, generation) return s.context .. pack('>BI2c4', 16, 4, generation) end

-- emit(subject, kind, outcome, failures, ends, context or nil): the event of a call about a subject. The first one after codes
-- ended before their time says when each would have expired (tag 9), so that whoever counts live codes knows.
local function emit(s, kind, outcome, failures, ends, context)
  context = context or s.context
  if s.ended then context, s.ended = context .. pack('>BI2', 9, #s.ended) .. s.ended, nil end
  event_add(kind, outcome, s.epoch, s.now, failures, s.lock.level, ends, context)
end
