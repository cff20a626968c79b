-- set(subject, field, value, or nil: it goes): what a call is about to write to a subject's hash. Written by save, deletions first.
local function set(s, field, value)
  local n = s.n
  if value then
    s[n + 1], s[n + 2], s.n = field, value, n + 2
  elseif s.fields[field] then
    s.dels = s.dels or {}
    s.dels[#s.dels + 1] = field
  end
end

-- raise(subject, ends): something in it matters until then
local function raise(s, ends)
  if ends > s.ends then s.ends, s.raised = to_minute(ends), true end
end

-- kinds[field] -> what it is about: of `<kind>:<purpose or id>` the kind
local kinds = kept(function(field) return string.match(field, '^%a+') end)

-- each(subject, kind, visit): calls visit(purpose or id, value, field) for each field of a kind and a purpose or id
-- that the hash held when the call began
local function each(s, kind, visit)
  for field, value in pairs(s.fields) do
    if kinds[field] == kind and field ~= kind then visit(sub(field, #kind + 2), value, field) end
  end
end
