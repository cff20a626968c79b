-- Compares keys of ours that nothing else would notice: the audit key, and the peppers that other sidecars use.
-- keys   1 fingerprint of the audit key  2 active peppers: kid -> when it was last used, ms
-- args   1 fingerprint of our audit key  2 '1' where ours are to be noted  3 kid of our active pepper
-- Returns {1 if the audit key is ours, or none was noted, else 0, kids that were active within the hour...}
register('fingerprints', {'allow-oom'}, function(keys, args)
  local now, noted = clock_ms(), call('GET', keys[1])
  local ours, notes = (noted or args[1]) == args[1], args[2] == '1'
  if ours and notes then
    call('SET', keys[1], args[1])
    call('HSET', keys[2], args[3], digits[now])
    call('PEXPIRE', keys[2], HOUR_MS)
  end
  local answer, seen = {ours and 1 or 0}, call('HGETALL', keys[2])
  for i = 1, #seen, 2 do
    local active = now - (tonumber(seen[i + 1]) or 0) < HOUR_MS
    if active then answer[#answer + 1] = seen[i] elseif notes then call('HDEL', keys[2], seen[i]) end
  end
  return answer
end)
