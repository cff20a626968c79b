-- What a call is about to write to a subject's hash (set, del: written by save, the deletions first), and the whole of it for the
-- seldom call that needs more than one purpose.
local function set(s, field, value)
  local sets, n = s.sets, s.n
  sets[n + 1], sets[n + 2], s.n = field, value, n + 2
end

local function del(s, field)
  s.dels = s.dels or {}
  s.dels[#s.dels + 1] = field
end

-- raise(subject, ends): something in it matters until then
local function raise(s, ends)
  if ends > s.ends then s.ends, s.raised = to_minute(ends), true end
end

-- subject_fields(subject) -> all fields by name, as they were when this call began
local function subject_fields(s)
  if s.fields then return s.fields end
  local flat = call('HGETALL', s.keys[1])
  s.fields = {}
  for i = 1, #flat, 2 do s.fields[flat[i]] = flat[i + 1] end
  return s.fields
end

-- each(subject, kind, visit): calls visit(purpose or id, value, field) for each field of a kind, `<kind>:<purpose or id>`
local function each(s, kind, visit)
  local head = kind .. ':'
  for field, value in pairs(subject_fields(s)) do
    if sub(field, 1, #head) == head then visit(sub(field, #head + 1), value, field) end
  end
end
