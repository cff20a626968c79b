-- Counters of what was exported: what a batch adds goes to a few fields.
-- Batch: n x (u8 counter, u32 which hour or day since 1970, u8 length, field, i32 by how much); src/store/tally.rs.
local TALLY_HOUR_MS, TALLY_DAY_MS, TALLY_KEPT_MS = 3600000, 86400000, 5356800000
-- By counter: name, ms of its unit, ms that it stays beyond it.
local TALLY_COUNTERS = {{'hour', TALLY_HOUR_MS, 3 * TALLY_HOUR_MS}, {'day', TALLY_DAY_MS, TALLY_KEPT_MS}, {'live', TALLY_HOUR_MS, 0}}

-- tally_commands(beginning of the bucket's keys, batch) -> what adds it to the counters; nothing is written yet. What a newer
-- version counts and this one does not know is left out.
local function tally_commands(base, batch)
  local commands, ends, pos = {}, {}, 1
  local function add(...) commands[#commands + 1] = {...} end
  while pos <= #batch do
    local which, n, length = parse('>BI4B', batch, pos)
    local field, by = sub(batch, pos + 6, pos + 5 + length), parse('>i4', batch, pos + 6 + length)
    local name, unit, stays = unpack(TALLY_COUNTERS[which] or {})
    pos = pos + 10 + length
    if name then
      local key = base .. name .. ':' .. n
      ends[key] = (n + 1) * unit + stays
      add('HINCRBY', key, field, by)
    end
  end
  for key, at in pairs(ends) do add('PEXPIREAT', key, digits(at)) end
  return commands
end
