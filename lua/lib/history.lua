-- Outcomes of verifications whose place was taken, in a key of their own: n x (generation 12, u8 outcome and marks as in code:,
-- u48 when it is forgotten). Superseded ones are listed only where their user reported them: an authentic id that is neither
-- current nor here was superseded.
local HISTORY_ENTRY, HISTORY_MAX = 19, 1000

-- history_find(keys, generation) -> outcome, marks; or nil
local function history_find(keys, generation)
  local all = redis.pcall('GET', keys[6])
  if type(all) == 'table' then damaged(6) end
  for pos = 1, all and #all or 0, HISTORY_ENTRY do
    if string.sub(all, pos, pos + 11) == generation then
      local both = string.byte(all, pos + 12)
      if not both or both % 16 > EXPIRED then error({err = 'OTPVERSION 6'}) end
      return both % 16, math.floor(both / 16)
    end
  end
end

-- history_later(subject, generation, outcome and marks, when it is forgotten): what history_save adds
local function history_later(s, generation, both, forgotten)
  s.history = (s.history or '') .. generation .. struct.pack('>BI6', both, forgotten)
end

-- history_save(subject)
local function history_save(s)
  if not s.history then return end
  local added = s.history
  local old, out, last = redis.call('GET', s.keys[6]) or '', {}, 0
  for pos = math.max(1, #old - (HISTORY_MAX - 1) * HISTORY_ENTRY + 1), #old + #added - HISTORY_ENTRY + 1, HISTORY_ENTRY do
    local entry = pos <= #old and string.sub(old, pos, pos + HISTORY_ENTRY - 1)
      or string.sub(added, pos - #old, pos - #old + HISTORY_ENTRY - 1)
    local forgotten = struct.unpack('>I6', entry, 14)
    if forgotten > s.now and not (pos <= #old and string.find(added, string.sub(entry, 1, 12), 1, true)) then
      out[#out + 1], last = entry, math.max(last, forgotten)
    end
  end
  if last > 0 then redis.call('SET', s.keys[6], table.concat(out), 'PXAT', last) end
end
