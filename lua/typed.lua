-- Finds out which key of a call is not of the type that its name promises.
-- keys   those of the call
-- Returns its place, 0 where each is what it should be
local READ = {s = 'HLEN', events = 'XLEN', recent = 'XLEN', lockouts = 'XLEN', acts = 'XLEN', locked = 'ZCARD', disabled = 'ZCARD'}
register('typed', {'no-writes'}, function(keys)
  for i = 1, #keys do
    local answer = try(READ[string.match(keys[i], '^otp:{...}:(%a+)')] or 'GET', keys[i])
    if type(answer) == 'table' and answer.err then return i end
  end
  return 0
end)
