-- Outcomes of verifications whose place in the record was taken: n x (generation 12, outcome + 16 x marks u8, forgotten at
-- u48). Superseded ones are not listed unless they were reported: an authentic id that is neither current nor here was
-- superseded.
local HISTORY_ENTRY, HISTORY_MAX = 19, 1000

-- history_find(s, generation) -> outcome, marks; nil where it is not listed
local function history_find(s, generation)
  for pos = 1, s and #s or 0, HISTORY_ENTRY do
    if string.sub(s, pos, pos + 11) == generation then
      local outcome = string.byte(s, pos + 12)
      if not outcome or outcome % 16 > EXPIRED then error({err = 'OTPVERSION history written by a newer version'}) end
      return outcome % 16, math.floor(outcome / 16)
    end
  end
end

-- history_add(key, ended, now): ended = list of {generation, outcome, forgotten at}
local function history_add(key, ended, now)
  local old, out, last = redis.call('GET', key) or '', {}, 0
  local first = math.max(1, #old - (HISTORY_MAX - 1) * HISTORY_ENTRY + 1)
  for pos = first, #old - HISTORY_ENTRY + 1, HISTORY_ENTRY do
    local forgotten = struct.unpack('>I6', old, pos + 13)
    if forgotten > now then
      out[#out + 1] = string.sub(old, pos, pos + HISTORY_ENTRY - 1)
      last = math.max(last, forgotten)
    end
  end
  for i = 1, #ended do
    out[#out + 1] = ended[i][1] .. struct.pack('>BI6', ended[i][2], ended[i][3])
    last = math.max(last, ended[i][3])
  end
  redis.call('SET', key, table.concat(out), 'PXAT', string.format('%.0f', last))
end

-- history_report(key, generation, outcome, forgotten, now): notes that one whose place was taken was reported
local function history_report(key, generation, outcome, forgotten, now)
  local s = redis.call('GET', key) or ''
  for pos = 1, #s, HISTORY_ENTRY do
    if string.sub(s, pos, pos + 11) == generation then
      s = string.sub(s, 1, pos + 11) .. string.char(string.byte(s, pos + 12) + 64) .. string.sub(s, pos + 13)
      redis.call('SET', key, s, 'KEEPTTL')
      return
    end
  end
  history_add(key, {{generation, outcome + 64, forgotten}}, now)
end
