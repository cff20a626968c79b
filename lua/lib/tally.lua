-- Counters of what was exported, in two steps, since nearly all that a batch adds goes to the same few fields: each batch
-- is appended to the bucket's journal, and now and then the sums of the journal are added to the counters.
-- Journal: n x (u8 counter, u32 which hour or day since 1970, u8 length, field, i32 by how much); src/store/tally.rs.
local TALLY_HOUR_MS, TALLY_DAY_MS, TALLY_KEPT_MS = 3600000, 86400000, 5356800000
-- By counter: name, ms of its unit, ms that it stays beyond it, how many members of a sorted set stay.
local TALLY_COUNTERS = {{'hour', TALLY_HOUR_MS, 3 * TALLY_HOUR_MS}, {'day', TALLY_DAY_MS, TALLY_KEPT_MS},
  {'live', TALLY_HOUR_MS, 0}, {'nets', TALLY_DAY_MS, TALLY_KEPT_MS, 64}, {'looks', TALLY_DAY_MS, TALLY_KEPT_MS}}

-- tally_sums(journal) -> list of entries without their amount, and the sum for each
local function tally_sums(journal)
  local heads, sums, pos = {}, {}, 1
  while pos <= #journal do
    local behind = pos + 6 + string.byte(journal, pos + 5)
    local head, by = string.sub(journal, pos, behind - 1), struct.unpack('>i4', journal, behind)
    if not sums[head] then heads[#heads + 1], sums[head] = head, 0 end
    sums[head], pos = sums[head] + by, behind + 4
  end
  return heads, sums
end

-- tally_commands(beginning of the bucket's keys, journal) -> what adds its sums to the counters; nothing is written yet.
-- What a newer version counts and this one does not know is left out.
local function tally_commands(base, journal)
  local commands, ends = {}, {}
  local heads, sums = tally_sums(journal)
  for i = 1, #heads do
    local which, n = struct.unpack('>BI4', heads[i])
    local counter, by = TALLY_COUNTERS[which], sums[heads[i]]
    if counter and by ~= 0 then
      local key, field = base .. counter[1] .. ':' .. n, string.sub(heads[i], 7)
      commands[#commands + 1] = counter[4] and {'ZINCRBY', key, by, field} or {'HINCRBY', key, field, by}
      if not ends[key] then ends[#ends + 1], ends[key] = {key, counter}, (n + 1) * counter[2] + counter[3] end
    end
  end
  for i = 1, #ends do
    local key, kept = ends[i][1], ends[i][2][4]
    -- Not each time, or nobody new would ever stay long enough to grow.
    if kept and redis.call('ZCARD', key) > 2 * kept then
      commands[#commands + 1] = {'ZREMRANGEBYRANK', key, 0, -kept - 1}
    end
    commands[#commands + 1] = {'PEXPIREAT', key, string.format('%.0f', ends[key])}
  end
  return commands
end

-- tally_write(commands)
local function tally_write(commands)
  for i = 1, #commands do redis.call(unpack(commands[i])) end
end
