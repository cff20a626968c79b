-- target_find(entry, spelling, generation, forgotten, now, epoch) -> verification or nil, its state
-- Which verification a call means: by generation where it came with an id, else by purpose and exact spelling.
-- KEYS[6] = history.
local function target_find(entry, spelling, generation, forgotten, now, epoch)
  local v = entry and entry.verification
  if generation == '' then
    if v and v.spelling == spelling then return v, verification_state(v, now, epoch) end
    return nil, NOT_FOUND
  end
  if now >= forgotten then return nil, NOT_FOUND end
  if v and v.generation == generation then return v, verification_state(v, now, epoch) end
  local outcome = history_find(redis.call('GET', KEYS[6]), generation)
  if outcome then return nil, outcome end
  return nil, v and SUPERSEDED or NOT_FOUND
end
