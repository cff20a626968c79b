-- Codes that this script ended before their time. The first event after that carries when each would have expired
-- (src/audit/event.rs, tag 9), so that whoever counts live codes knows which are live no more.
local ended_codes = ''

-- ended_add(expires)
local function ended_add(expires)
  ended_codes = ended_codes .. struct.pack('>I6', expires)
end

-- ended_take() -> what is put behind the context of an event, '' where no code was ended since the last one
local function ended_take()
  if ended_codes == '' then return '' end
  local taken = struct.pack('>BI2', 9, #ended_codes) .. ended_codes
  ended_codes = ''
  return taken
end
