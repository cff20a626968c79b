-- Puts what is held of a person in place of what was read.
-- keys   1 person. args   1 what was read  2 what is to be  3 when it goes, ms. Returns 1, or 0 where something else stands there
register('person', {}, function(keys, args)
  if call('GET', keys[1]) ~= args[1] then return 0 end
  call('SET', keys[1], args[2], 'PXAT', args[3])
  return 1
end)

-- Destroys what opens a person's fields in the trail, and the name. What counts against the subject stays.
-- Where a message went that carried a code goes too, and the message where it is still under way.
-- keys   1 person  2 name  3 record  4 profile  5 networks that failed at it  6 what is flagged
-- args   1 context of the event  2 ms that it is remembered, so that events from before keep no fields  3 '1' where they were seen
-- Returns {1}, or {0} where they are taken for never seen, and are there by now: nothing is done then
local PERSON_ERASED, PERSON_NEVER_SEEN = 2, 4
register_event('erase', {'allow-oom'}, function(keys, args)
  local now, person = clock_ms(), try('GET', keys[1])
  local ends = now + tonumber(args[2])
  -- What cannot be read goes like any other.
  local known = type(person) == 'string' and (byte(person, 2) or 0) % 8 < PERSON_NEVER_SEEN
  if args[3] ~= '1' and (known or call('EXISTS', keys[3]) > 0) then return {0} end
  event_of(EVENT_ADMIN_ERASE, RECORDED, now, 0, 0, args[1])
  local flags = known and PERSON_ERASED or PERSON_ERASED + PERSON_NEVER_SEEN
  local gone = pack('>BBI2', 1, flags, math.ceil(ends / 86400000)) .. string.rep('\0', 16) .. pack('>I6', now)
  call('SET', keys[1], gone, 'PXAT', digits[ends])
  call('DEL', keys[2], keys[4], keys[5])
  try('ZREM', keys[6], 's' .. sub(keys[1], -16))
  local record = try('HGETALL', keys[3])
  for i = 1, record.err and 0 or #record, 2 do
    local code = sub(record[i], 1, 5) == 'code:' and code_read(record[i + 1])
    local m = code and code.marks >= MARK_MESSAGE and message_read(message_key(code.generation))
    if m then
      message_cut(m, now, true)
      message_write(m)
    end
  end
  return {1}
end)
