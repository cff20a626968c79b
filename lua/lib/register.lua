-- register(name, flags, operation): makes an operation callable as a function of this library (src/store/library.rs, which
-- writes LIBRARY before this). operation(keys, args) answers a call. What an operation about a subject does not name is the same for all:
-- keys   1 record  2 epoch  3 events  4 locked  5 disabled  6 history, then what `flags` says (lua/lib/answer.lua)
-- args   1 limits  2 purpose  3 flags  4 context of the event
local function register(name, flags, operation)
  redis.register_function{function_name = LIBRARY .. '_' .. name, callback = operation, flags = flags}
end

-- damaged(n): the n-th key of the call holds what no version of this software writes
local function damaged(n)
  error({err = 'OTPRECORD ' .. n})
end

-- clock_ms() -> Redis's clock in whole milliseconds. Read once per call: no other clock decides.
local function clock_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- digits(number) -> its text. Redis writes numbers out slowly, and how long things last is nearly always one of a few.
local texts, texts_kept = {}, 0

local function digits(number)
  local text = texts[number]
  if text then return text end
  if texts_kept >= 128 then texts, texts_kept = {}, 0 end
  text = string.format('%.0f', number)
  texts[number], texts_kept = text, texts_kept + 1
  return text
end

-- A `seen` that is further ahead of the clock than this was written by a clock that was wrong.
local AHEAD_MS = 5000
