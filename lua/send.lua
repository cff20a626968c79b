-- Issues a code whose digest is known beforehand: decides every limit, then spends all or none of them, then stores the
-- digest and the event.
-- KEYS   1 record  2 epoch  3 events  4 history  then any of: state of the client's network; answer and its code
-- ARGV   1 limits  2 purpose tag (4) and candidate: generation (12) spelling (8) kid (4) length (1) alphabet (1) digest
--        3 context of the event  then, with an answer, 4 its body (16) and reference (16)  5 sealed code
--        then, where the network's state lies elsewhere, when and what it was: u48, state
-- Returns what sends_answer says; {REPLAYED, sealed code, answer}, {KEY_REUSED} or {IN_PROGRESS}
if #ARGV < 3 or #ARGV > 6 or #KEYS < 4 then error({err = 'OTPARITY send'}) end
local P, tag, candidate, context = policy_read(ARGV[1]), string.sub(ARGV[2], 1, 4), string.sub(ARGV[2], 5), ARGV[3]
local ip_key, answer_key, code_key = extra_keys(5, #KEYS - 4 + (#ARGV % 2 == 0 and 4 or 0))
local body = answer_key and string.sub(ARGV[4], 1, 16)
local known = answer_look(answer_key, code_key, body)
if known then return known end
local r, epoch, now, ip = open_subject(P, ip_key, ...)
local closed = claims_close(r, epoch, now)
local entry = purpose_find(r, tag)
local look = sends_look(r, entry, ip, ip_key, P, now)

local refusal, wait = sends_refusal(r, look, now)
if refusal then
  emit(EVENT_SEND, refusal, epoch, now, (record_failures(r)), r.level, now + wait, context)
  if closed then record_save(KEYS[1], r, now, P.memory) end
  return sends_answer(refusal, r, look, P, now, 0, wait, 0, epoch)
end

local ended = {}
entry = purpose_take(r, tag, now, epoch, ended)
sends_spend(r, entry, ip, ip_key, P, now)
local resend = verification_place(r, entry, candidate, P, now, epoch, ended,
  answer_key and string.sub(ARGV[4], 17) or nil)

emit(EVENT_SEND, ISSUED, epoch, now, (record_failures(r)), r.level, now + P.lifetime, context)
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[4], ended, now) end
if ip_key and P.ip_sends > 0 then ip_save(ip_key, ip, now) end
look = sends_look(r, entry, ip, ip_key, P, now)
local reply = sends_answer(ISSUED, r, look, P, now, now + P.lifetime, sends_wait(look), resend, epoch,
  entry.verification.generation)
answer_keep(answer_key, body, reply)
answer_keep_code(code_key, ARGV[5], P.lifetime)
return reply
