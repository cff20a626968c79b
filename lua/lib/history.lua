-- Outcomes of verifications whose place was taken, in a key of their own: n x (generation 12, u8 outcome + 16 x marks, u48 when it
-- is forgotten). An authentic id that is neither current nor here was superseded; such ones are listed where they were reported.
local HISTORY_ENTRY, HISTORY_MAX = 19, 1000

local function history_key(s) return bucket.head .. 'h:' .. sub(s.key, -16) end

local function history_get(s)
  local all = try('GET', history_key(s)) or ''
  return type(all) == 'string' and #all % HISTORY_ENTRY == 0 and all or damaged('history')
end

-- history_find(subject, generation) -> outcome, marks; or nil
local function history_find(s, generation)
  local all = history_get(s)
  for pos = 1, #all, HISTORY_ENTRY do
    if sub(all, pos, pos + 11) == generation then
      local both = byte(all, pos + 12)
      if both % 16 > EXPIRED then newer('history') end
      return both % 16, floor(both / 16)
    end
  end
end

-- history_later(subject, generation, outcome, marks, when it is forgotten): what history_save adds
local function history_later(s, generation, outcome, marks, forgotten)
  s.held_history = s.held_history or history_get(s)
  s.history = (s.history or '') .. generation .. pack('>BI6', outcome + 16 * marks, forgotten)
end

-- history_save(subject): the newest HISTORY_MAX, without what is forgotten and what was said anew
local function history_save(s)
  local all, out, last = sub(s.held_history, -(HISTORY_MAX - 1) * HISTORY_ENTRY) .. s.history, {}, 0
  for pos = 1, #all, HISTORY_ENTRY do
    local entry = sub(all, pos, pos + HISTORY_ENTRY - 1)
    local forgotten = parse('>I6', entry, 14)
    local anew = pos <= #all - #s.history and string.find(s.history, sub(entry, 1, 12), 1, true)
    if forgotten > s.now and not anew then out[#out + 1], last = entry, max(last, forgotten) end
  end
  if last > 0 then call('SET', history_key(s), table.concat(out), 'PXAT', digits[last]) end
end
