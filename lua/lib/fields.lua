-- What a call is about to write to a subject's hash, and the whole of it for the seldom call that needs more than its purpose's
-- fields.

-- set(subject, field, value), del(subject, field): written by subject_save, the deletions first
local function set(s, field, value)
  local n = s.n
  s.sets[n + 1], s.sets[n + 2], s.n = field, value, n + 2
end

local function del(s, field)
  s.dels[#s.dels + 1] = field
end

-- raise(subject, ends): something in it matters until then, ms
local function raise(s, ends)
  if ends > s.ends then s.ends, s.raised = ends, true end
end

-- subject_fields(subject) -> all fields by name, as they were when this call began
local function subject_fields(s)
  if s.fields then return s.fields end
  local flat, fields = redis.call('HGETALL', s.key), {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  s.fields = fields
  return fields
end

-- each(subject, kind, visit): calls visit(purpose or id, value, field) for each field of a kind, `<kind>:<purpose or id>`
local function each(s, kind, visit)
  local head = kind .. ':'
  for field, value in pairs(subject_fields(s)) do
    if string.sub(field, 1, #head) == head then visit(string.sub(field, #head + 1), value, field) end
  end
end

local function whole(value, length)
  if #value ~= length then damaged(1) end
  return value
end
