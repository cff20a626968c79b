-- Takes or renews the lease of a bucket, whose events are then read by a plain XRANGE: a function would build each of them twice.
-- keys   1 lease  2 events
-- args   1 who  2 ms the lease lasts  3 '1' where it is not known what became of the events before
-- Returns {-1} where another sidecar has the lease; else {how many events wait} and, where the lease was not ours or it is not
--         known, up to where events were written out, and where to (src/audit/trail/record.rs, Exported), '' if nobody knows
register('export', {'allow-oom'}, function(keys, args)
  -- What is no lease and no word of where events went keeps nobody from them.
  local function text(key)
    local value = try('GET', key)
    return type(value) == 'string' and value
  end
  local holder = text(keys[1])
  if holder and holder ~= args[1] then return {-1} end
  call('SET', keys[1], args[1], 'PX', args[2])
  local waiting = call('XLEN', keys[2])
  if holder and args[3] ~= '1' then return {waiting} end
  return {waiting, text(bucket.exported) or ''}
end)
