-- Places in a sorted set of references, where many may have one score: found by bisection, so that a list can be read on
-- from where it was left, whatever came and went meanwhile.

-- place_after(a, b) -> whether reference a comes after b, byte by byte; Lua's own comparison follows the locale
local function place_after(a, b)
  local a1, a2, a3, a4 = struct.unpack('>I4I4I4I4', a)
  local b1, b2, b3, b4 = struct.unpack('>I4I4I4I4', b)
  if a1 ~= b1 then return a1 > b1 end
  if a2 ~= b2 then return a2 > b2 end
  if a3 ~= b3 then return a3 > b3 end
  return a4 > b4
end

-- place_find(key, score, member) -> rank of the first one behind it; member '' stands before all of that score
local function place_find(key, score, member)
  local low = redis.call('ZCOUNT', key, '-inf', '(' .. score)
  if member == '' then return low end
  local high = redis.call('ZCOUNT', key, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if place_after(redis.call('ZRANGE', key, middle, middle)[1], member) then high = middle else low = middle + 1 end
  end
  return low
end
