-- What a call is about to write to a subject's hash (set, del: written by save, the deletions first), and how it looks through what
-- the hash held when the call began.
local function set(s, field, value)
  local n = s.n
  s[n + 1], s[n + 2], s.n = field, value, n + 2
end

local function del(s, field)
  if not s.fields[field] then return end
  s.dels = s.dels or {}
  s.dels[#s.dels + 1] = field
end

-- raise(subject, ends): something in it matters until then
local function raise(s, ends)
  if ends > s.ends then s.ends, s.raised = to_minute(ends), true end
end

-- each(subject, kind, visit): calls visit(purpose or id, value, field) for each field of a kind, `<kind>:<purpose or id>`
local function each(s, kind, visit)
  local head = kind .. ':'
  for field, value in pairs(s.fields) do
    if sub(field, 1, #head) == head then visit(sub(field, #head + 1), value, field) end
  end
end
