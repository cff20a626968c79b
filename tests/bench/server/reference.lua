#!lua
-- One packed string for a subject: time of the last send, expiry, digest, and the times of its sends.
-- KEYS  the subject's record
-- ARGV  lifetime, pause, sends allowed, their window (times in ms), digest (16 bytes)
-- Returns  outcome (1 issued, 2 refused), sends left, expiry
local held = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lifetime, pause, sends, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local ttl = redis.call('PTTL', KEYS[1])
local used, log = 0, ''
if held then
  local last = struct.unpack('>I6', held)
  if last + pause > now then return struct.pack('>BBI6', 2, 0, now) end
  for at = 29, #held, 6 do
    if struct.unpack('>I6', held, at) + window > now then
      log, used = string.sub(held, at), (#held - at + 1) / 6
      break
    end
  end
  if used >= sends then return struct.pack('>BBI6', 2, 0, now) end
end
if window > ttl then ttl = window end
redis.call('SET', KEYS[1], struct.pack('>I6I6', now, now + lifetime) .. ARGV[5] .. log .. struct.pack('>I6', now), 'PX', ttl)
return struct.pack('>BBI6', 1, sends - used - 1, now + lifetime)
