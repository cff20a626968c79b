-- emit(kind, outcome, epoch, now, failures, level, ends, context): the event of this call, in KEYS[3]. The stream's id
-- is epoch-sequence, so the sequence needs no counter of its own. Layout: src/audit/event.rs. Called before any other
-- write of the script.
local function emit(kind, outcome, epoch, now, failures, level, ends, context)
  redis.call('XADD', KEYS[3], epoch .. '-*', 'e',
    struct.pack('>BBBI6I2BI6', 1, kind, outcome, now, failures, level, ends) .. context .. ended_take())
end
