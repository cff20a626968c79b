-- Adds what lies in a bucket's journal to its counters, for whoever is about to read them.
-- keys   1 journal
-- Returns how many entries went
register('tally', {'allow-oom'}, function(keys, args)
  local journal = redis.call('GET', keys[1])
  if not journal then return 0 end
  local commands = tally_commands(string.sub(keys[1], 1, 10), journal)
  tally_write(commands)
  redis.call('DEL', keys[1])
  return #commands
end)
