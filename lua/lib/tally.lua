-- Counters of what was exported: what a batch adds goes to a few fields.
-- Batch: n x (u8 counter, u32 which hour or day since 1970, u8 length, field, i32 by how much); src/store/tally.rs.
local TALLY_HOUR_MS, TALLY_DAY_MS, TALLY_KEPT_MS = 3600000, 86400000, 5356800000
-- By counter: name, ms of its unit, ms that it stays beyond it, and for a sorted set how many members stay. As many
-- again are the most that it ever has, which Redis keeps in its compact form.
local TALLY_COUNTERS = {{'hour', TALLY_HOUR_MS, 3 * TALLY_HOUR_MS}, {'day', TALLY_DAY_MS, TALLY_KEPT_MS},
  {'live', TALLY_HOUR_MS, 0}, {'nets', TALLY_DAY_MS, TALLY_KEPT_MS, 64}, {'looks', TALLY_DAY_MS, TALLY_KEPT_MS}}

-- tally_sums(batch) -> list of entries without their amount, and the sum for each
local function tally_sums(batch)
  local heads, sums, pos = {}, {}, 1
  while pos <= #batch do
    local behind = pos + 6 + string.byte(batch, pos + 5)
    local head, by = string.sub(batch, pos, behind - 1), struct.unpack('>i4', batch, behind)
    if not sums[head] then heads[#heads + 1], sums[head] = head, 0 end
    sums[head], pos = sums[head] + by, behind + 4
  end
  return heads, sums
end

-- tally_members(key, members, kept, commands): adds the greatest to a sorted set. Before it would be full the least of it
-- go, but not each time, or nobody new would ever stay long enough to grow.
local function tally_members(key, members, kept, commands)
  table.sort(members, function(a, b) return a[1] > b[1] end)
  local count = redis.pcall('ZCARD', key)
  if type(count) == 'number' and count > 1.5 * kept then commands[#commands + 1] = {'ZREMRANGEBYRANK', key, 0, -kept - 1} end
  for i = 1, math.min(#members, kept / 2) do
    commands[#commands + 1] = {'ZINCRBY', key, members[i][1], members[i][2]}
  end
end

-- tally_commands(beginning of the bucket's keys, batch) -> what adds its sums to the counters; nothing is written yet.
-- What a newer version counts and this one does not know is left out.
local function tally_commands(base, batch)
  local commands, keys, of = {}, {}, {}
  local heads, sums = tally_sums(batch)
  for i = 1, #heads do
    local which, n = struct.unpack('>BI4', heads[i])
    local counter, by, field = TALLY_COUNTERS[which], sums[heads[i]], string.sub(heads[i], 7)
    if counter and by ~= 0 then
      local key = base .. counter[1] .. ':' .. n
      if not of[key] then
        keys[#keys + 1], of[key] = key, {ends = (n + 1) * counter[2] + counter[3], kept = counter[4]}
      end
      if counter[4] then
        table.insert(of[key], {by, field})
      else
        commands[#commands + 1] = {'HINCRBY', key, field, by}
      end
    end
  end
  for i = 1, #keys do
    local key, members = keys[i], of[keys[i]]
    if members.kept then tally_members(key, members, members.kept, commands) end
    commands[#commands + 1] = {'PEXPIREAT', key, string.format('%.0f', members.ends)}
  end
  return commands
end
