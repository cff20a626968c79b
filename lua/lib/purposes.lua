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
  for _, kind in ipairs({'code', 'digest', 'replaced', 'failures', 'reserved'}) do del(s, names_of[purpose][kind]) end
  if o.code then
    code_remember(s, o.code, o.state)
    -- Nobody finds its message any more, so that forgets where it went.
    code_finish(s, o.code, SUPERSEDED)
  end
  if o.failures + o.guard + o.run == 0 then return end
  local function sum(field) return min((other and other[field] or 0) + o[field], MANY) end
  set(s, names_of[OTHER].failures, counts_bytes(sum('failures'), sum('guard'), sum('run')))
end

-- purposes_room(subject): drops what is void, and where there is no room for one more folds the purpose that matters least
local function purposes_room(s)
  local all, count, victim = purposes_read(s), 0, nil
  for purpose, o in pairs(all) do
    o.ends = o.code and o.code.expires or 0
    local own = purpose == s.names.purpose
    count = count + (own and 0 or 1)
    local live = o.state == PENDING or o.own or o.reserved or purpose == OTHER or own
    if not live and (not victim or o.ends < all[victim].ends) then victim = purpose end
  end
  for field in pairs(s.fields) do
    local purpose = string.match(field, '^%a+:(.+)$')
    if purpose and not all[purpose] and purpose ~= s.names.purpose and sub(field, 1, 6) ~= 'claim:' then del(s, field) end
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
  local all, pending, oldest, whose = purposes_read(s), 0, nil, nil
  for purpose, o in pairs(all) do
    local since = o.state == PENDING and purpose ~= s.names.purpose and o.code.expires - o.code.lifetime
    if since then pending = pending + 1 end
    if since and (not oldest or since < oldest) then oldest, whose = since, purpose end
  end
  if pending >= PENDING_MAX then code_end(s, all[whose].code, SUPERSEDED, names_of[whose]) end
end
