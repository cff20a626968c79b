-- policy_read(blob) -> the limits that hold for this call, as src/store/limits.rs packs them; times in ms. Kept by its very
-- bytes between calls, and nothing else is.
local policies, policies_kept = {}, 0

local function policy_read(blob)
  local p = policies[blob]
  if p then return p end
  p = {}
  local flags, factor
  p.lifetime, p.cooldown, p.sends, p.window, flags, p.ip_sends, p.ip_window, p.ip_failures, p.ip_memory,
    p.max_failures, p.lock_first, p.lock_cap, factor, p.memory, p.hard_stop =
    struct.unpack('>I4I4I4I4BI4I4I4I4I2I4I4I4I4I2', blob)
  p.own_cooldown, p.own_sends, p.progressive = flags % 2 == 1, flags % 4 >= 2, flags >= 4
  p.factor = factor / 1000
  if policies_kept >= 128 then policies, policies_kept = {}, 0 end
  policies[blob], policies_kept = p, policies_kept + 1
  return p
end
