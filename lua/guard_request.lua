-- Decides and records a request of an app that keeps its own codes: what send does, without a code.
-- KEYS   1 record  2 epoch  3 events  4 history  then, by flags, state of the client's network
-- ARGV   1 limits  2 purpose tag (4)  3 context of the event  4 flags: 1 network
--        then, with flag 4, when and what the network's state was: u48, state
-- Returns what sends_answer says, with RECORDED
if (#ARGV ~= 4 and #ARGV ~= 5) or #KEYS < 4 then error({err = 'OTPARITY guard_request'}) end
local P, tag, flags = policy_read(ARGV[1]), ARGV[2], tonumber(ARGV[4])
local ip_key = extra_keys(5, flags)
local r, epoch, now, ip = open_subject(P, ip_key, ...)
local entry = purpose_find(r, tag)
local look = sends_look(r, entry, ip, ip_key, P, now)

local refusal, wait = sends_refusal(r, look, now)
if refusal then
  emit(EVENT_REQUEST, refusal, epoch, now, (record_failures(r)), r.level, now + wait, ARGV[3])
  return sends_answer(refusal, r, look, P, now, 0, wait, 0, epoch)
end

local ended = {}
if P.own_sends or P.own_cooldown then entry = purpose_take(r, tag, now, epoch, ended) end
sends_spend(r, entry, ip, ip_key, P, now)
emit(EVENT_REQUEST, RECORDED, epoch, now, (record_failures(r)), r.level, 0, ARGV[3])
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[4], ended, now) end
if ip_key and P.ip_sends > 0 then ip_save(ip_key, ip, now) end
look = sends_look(r, entry, ip, ip_key, P, now)
return sends_answer(RECORDED, r, look, P, now, 0, sends_wait(look), 0, epoch)
