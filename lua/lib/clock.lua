-- clock_ms() -> Redis's clock in whole milliseconds. Read once per script: no other clock decides.
local function clock_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
