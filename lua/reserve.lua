-- First half of a send whose digest takes time: decides and spends like send, and remembers whose turn it is. The code
-- before it stays valid until store.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
--        then, by flags, state of the client's network; answer and its code
-- ARGV   1 limits  2 purpose tag (4)  3 generation (12)  4 context of the event  5 flags: 1 network, 2 answer
--        6 body of the answer (16)  7 id of the operation (8)
--        then, with flag 4, when and what the network's state was: u48, state
-- Returns what sends_answer says, with RESERVED; {REPLAYED, sealed code, answer}, {KEY_REUSED} or {IN_PROGRESS}
if (#ARGV ~= 7 and #ARGV ~= 8) or #KEYS < 6 then error({err = 'OTPARITY reserve'}) end
local P, tag, flags = policy_read(ARGV[1]), ARGV[2], tonumber(ARGV[5])
local ip_key, answer_key, code_key = extra_keys(7, flags)
local known = answer_look(answer_key, code_key, ARGV[6])
if known then return known end
local r, epoch, now, ip = open_subject(P, ip_key)
local closed = claims_close(r, epoch, now)
local entry = purpose_find(r, tag)
local look = sends_look(r, entry, ip, ip_key, P, now)

local refusal, wait = sends_refusal(r, look, now)
if refusal then
  emit(EVENT_SEND, refusal, epoch, now, (record_failures(r)), r.level, now + wait, ARGV[4])
  if closed then record_save(KEYS[1], r, now, P.memory) end
  return sends_answer(refusal, r, look, P, now, 0, wait, 0, epoch)
end

local ended = {}
entry = purpose_take(r, tag, now, epoch, ended)
sends_spend(r, entry, ip, ip_key, P, now)
entry.reserved = ARGV[3]
emit(EVENT_SEND, RESERVED, epoch, now, (record_failures(r)), r.level, 0, ARGV[4])
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[6], ended, now) end
if ip_key and P.ip_sends > 0 then ip_save(ip_key, ip, now) end
answer_begin(answer_key, ARGV[6], ARGV[7])
return sends_answer(RESERVED, r, look, P, now, 0, 0, 0, epoch)
