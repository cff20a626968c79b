-- Looks at all that is held of one subject, but no code and no digest; changes nothing.
-- Returns {what standing says..., reason of the lock, when it began, when it ends or ended, failures that led to it,
--          disabled since, wrong codes in a row, last failure,
--          wait of the quota, pause left, sends of the network left and their wait, failures of the network left and the
--          wait of its block, checks being compared, n, then for each purpose: its name, failures, those of the guard, wrong
--          codes in a row, 1 if it has a budget of its own, state of its code or -1, its end, its marks}
register('inspect', {'no-writes'}, function(keys, args)
  local p, purpose = policy_read(args[1]), args[2]
  local s, log, pause = subject_open(keys, p, purpose, sends_field(p, purpose), pause_field(purpose))
  local n = network_of(keys, args, s.clock, p)
  local look = sends_look(s, log, pause, n)
  local blocked, ip_failures = network_blocked(n, p)
  local out, names, all = standing(s, log, pause), {}, purposes_read(s)
  for name in pairs(all) do names[#names + 1] = name end
  table.sort(names)
  local function add(...)
    for i = 1, select('#', ...) do out[#out + 1] = (select(i, ...)) end
  end
  add(s.reason, s.locked_at, s.locked_until, s.lock_failures, s.disabled or 0, s.run, s.last_failure)
  add(look.wait, look.pause, look.ip_left, look.ip_wait, ip_failures, blocked, s.open, #names)
  for i = 1, #names do
    local o = all[names[i]]
    add(names[i], o.failures, o.guard, o.run, o.own and 1 or 0)
    add(o.code and o.state or -1, o.code and o.code.expires or 0, o.code and o.code.marks or 0)
  end
  return out
end)
