-- Looks at one subject; changes nothing.
-- Returns what standing says
register('status', {'no-writes'}, function(keys, args)
  local p, purpose = policy_read(args[1]), args[2]
  return standing(subject_open(keys, p, purpose, sends_field(p, purpose), pause_field(purpose)))
end)
