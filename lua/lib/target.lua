-- expire_seen(record, entry, verification, state) -> whether this script is the first to see the code expired. It then
-- stays so, whatever the clock does, and its digest goes.
local function expire_seen(r, entry, v, state)
  if not v or state ~= EXPIRED or v.outcome ~= PENDING then return false end
  verification_end(r, entry, EXPIRED)
  return true
end

-- target_find(r, entry, spelling, generation, forgotten, now, epoch) -> verification or nil, its state, its marks where it
-- is listed in the history
-- Which verification a call means: by generation where it came with an id, else by purpose and exact spelling.
-- KEYS[6] = history.
local function target_find(r, entry, spelling, generation, forgotten, now, epoch)
  local v = entry and entry.verification
  if generation == '' then
    if v and v.spelling == spelling then return v, verification_state(v, now, epoch) end
    return nil, NOT_FOUND
  end
  if now >= forgotten then return nil, NOT_FOUND end
  if v and v.generation == generation then return v, verification_state(v, now, epoch) end
  local outcome, marks = history_find(redis.call('GET', KEYS[6]), generation)
  if outcome then return nil, outcome, marks end
  -- An id that is authentic and not forgotten had its place here: in a record that is still there, it lost it to others.
  return nil, r.seen > 0 and SUPERSEDED or NOT_FOUND
end
