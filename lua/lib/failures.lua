-- Failures of a subject: the field `failures` over all purposes, and how many of them are claims; failures:<purpose> for each.
local HARD_STOP_MEMORY_MS, MANY = 2592000000, 65535
local function counts_read(value) return parse('>I2I2I2', whole(value, 6)) end

-- counts_bytes(failures, guard, run) -> the value of failures:<purpose>, or false: none counts
local function counts_bytes(failures, guard, run) return failures + guard + run > 0 and pack('>I2I2I2', failures, guard, run) end

-- failures_read(subject, over all purposes, of its purpose): what is forgotten by now counts as none; where it is `stale`, fields
-- of other purposes hold it still, which whoever changes them clears first
local function failures_read(s, all, own)
  if own then s.own, s.guard, s.own_run = counts_read(own) end
  if not all then return end
  s.failures, s.run, s.last_failure, s.last_attempt = parse('>I2I2I6I6', #all == 24 and all or whole(all, 16))
  if #all == 24 then s.open, s.oldest = parse('>I2I6', all, 17) end
  local quiet = s.now - s.last_failure
  if quiet >= s.p.memory and s.failures + s.own + s.guard > 0 then s.failures, s.own, s.guard, s.stale = 0, 0, 0, true end
  if quiet >= HARD_STOP_MEMORY_MS and s.run + s.own_run > 0 then s.run, s.own_run, s.stale = 0, 0, true end
end

-- failures_clear(subject): none counts towards a lock any more; nor, where `run` is 0, towards the hard stop
local function failures_clear(s)
  each(s, 'failures', function(purpose, value, field)
    local _, _, run = counts_read(value)
    if purpose ~= s.names.purpose then set(s, field, counts_bytes(0, 0, s.run > 0 and run or 0)) end
  end)
  s.failures, s.own, s.guard, s.stale, s.counted = 0, 0, 0, false, true
  if s.run == 0 then s.own_run = 0 end
end

local function failures_write(s)
  local claims = s.open > 0 and pack('>I2I6', s.open, s.oldest) or ''
  set(s, 'failures', pack('>I2I2I6I6', s.failures, s.run, s.last_failure, s.last_attempt) .. claims)
  set(s, s.names.failures, counts_bytes(s.own, s.guard, s.own_run))
  if s.failures > 0 then raise(s, s.last_failure + s.p.memory) end
  if s.run > 0 then raise(s, s.last_failure + HARD_STOP_MEMORY_MS) end
end

-- failures_left(subject) -> how many are left before a lock
local function failures_left(s) return (s.disabled or s.lock.ends > s.now) and 0 or max(s.p.max_failures - s.failures, 0) end

-- failures_take(subject, own, guard, run): so many of its purpose count no more
local function failures_take(s, own, guard, run)
  s.own, s.guard, s.own_run = s.own - own, s.guard - guard, s.own_run - run
  s.failures, s.run, s.counted = max(s.failures - own - guard, 0), max(s.run - run, 0), true
end

-- failures_verified(subject): a verified code clears those of its purpose
local function failures_verified(s)
  if s.stale then failures_clear(s) end
  failures_take(s, s.own, s.guard, s.own_run)
end
