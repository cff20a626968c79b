-- policy_read(blob) -> the limits that hold for this call. Written by src/store/limits.rs; times in ms.
local function policy_read(blob)
  local p = {}
  local flags, factor
  p.lifetime, p.cooldown, p.sends, p.window, flags, p.ip_sends, p.ip_window, p.ip_failures, p.ip_memory,
    p.max_failures, p.lock_first, p.lock_cap, factor, p.memory, p.hard_stop =
    struct.unpack('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2', blob)
  p.own_cooldown = flags % 2 == 1
  p.own_sends = flags % 4 >= 2
  p.progressive = flags >= 4
  p.factor = factor / 1000
  return p
end
