-- How many purposes a subject holds. A record of fewer than PURPOSES_MAX fields has room for one more, and for its code: each that
-- is pending has two.
local PENDING_MAX, PURPOSES_MAX, OTHER = 16, 32, '*'

-- purposes_read(subject) -> by purpose: its code and state if remembered, failures, guard, run, whether it has its own budget
local function purposes_read(s)
  local all = {}
  local function of(purpose)
    all[purpose] = all[purpose] or {failures = 0, guard = 0, run = 0, own = false}
    return all[purpose]
  end
  local function budget(purpose, value)
    local last = parse('>I6', value, #value % 6 == 0 and #value - 5 or #value - 9)
    if last + max(s.p.window, s.p.cooldown, HOUR_MS) > s.now then of(purpose).own = true end
  end
  each(s, 'code', function(purpose, value)
    local code = code_read(value)
    if s.now < code.expires + code.lifetime then of(purpose).code, of(purpose).state = code, code_state(s, code) end
  end)
  each(s, 'failures', function(purpose, value)
    local failures, guard, run = counts_read(value)
    if s.failures == 0 then failures, guard = 0, 0 end
    if s.run == 0 then run = 0 end
    if failures + guard + run > 0 then of(purpose).failures, of(purpose).guard, of(purpose).run = failures, guard, run end
  end)
  each(s, 'pause', budget)
  each(s, 'sends', budget)
  each(s, 'reserved', function(purpose) of(purpose).reserved = true end)
  return all
end

-- purpose_fold(subject, purpose, what it holds, other's): it gives way; its counts go on under OTHER, and none is forgotten
local function purpose_fold(s, purpose, o, other)
  for _, kind in ipairs({'code', 'digest', 'replaced', 'failures', 'reserved'}) do set(s, names_of[purpose][kind], nil) end
  if o.code then
    code_remember(s, o.code, o.state)
    -- Nobody finds its message any more, so that forgets where it went.
    code_finish(s, o.code, SUPERSEDED)
  end
  local function sum(field) return min((other and other[field] or 0) + o[field], MANY) end
  if o.failures + o.guard + o.run > 0 then
    set(s, names_of[OTHER].failures, counts_bytes(sum('failures'), sum('guard'), sum('run')))
  end
end

-- purposes_room(subject): drops what is void, and where there is no room for one more folds the purpose that matters least
local function purposes_room(s)
  local all, count, victim, own = purposes_read(s), 0, nil, s.names.purpose
  local function ends(o) return o.code and o.code.expires or 0 end
  all[own] = nil
  for purpose, o in pairs(all) do
    count = count + 1
    local live = o.state == PENDING or o.own or o.reserved or purpose == OTHER
    if not live and (not victim or ends(o) < ends(all[victim])) then victim = purpose end
  end
  for field in pairs(s.fields) do
    local kind, purpose = string.match(field, '^(%a+):(.+)$')
    if kind ~= 'claim' and purpose and not all[purpose] and purpose ~= own then set(s, field, nil) end
  end
  if count >= PURPOSES_MAX and victim then purpose_fold(s, victim, all[victim], all[OTHER]) end
end

-- purpose_take(subject): one more purpose, unless it is known
local function purpose_take(s)
  if s.count < PURPOSES_MAX then return end
  local fields, n = s.fields, s.names
  if not (fields[n.code] or fields[n.failures] or fields[n.sends] or fields[n.pause] or fields[n.reserved]) then purposes_room(s) end
end

-- purposes_cap(subject): one more code is about to become pending; where too many are, the oldest is superseded
local function purposes_cap(s)
  if s.count < PURPOSES_MAX or s.state == PENDING then return end
  local pending, oldest, whose = 0, nil, nil
  each(s, 'code', function(purpose, value)
    local code = code_read(value)
    if purpose == s.names.purpose or code_state(s, code) ~= PENDING then return end
    pending = pending + 1
    if not oldest or code.expires - code.lifetime < oldest.expires - oldest.lifetime then oldest, whose = code, purpose end
  end)
  if pending >= PENDING_MAX then code_end(s, oldest, SUPERSEDED, names_of[whose]) end
end
