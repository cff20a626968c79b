-- Second half of a send: stores the digest, unless a later send took its turn or its subject was locked in between.
-- KEYS   1 record  2 epoch  3 events  4 locked  5 disabled  6 history
--        then, by flags, state of the client's network; answer and its code
-- ARGV   1 limits  2 purpose tag (4)  3 candidate: generation (12) spelling (8) kid (4) length (1) alphabet (1) digest
--        4 context of the event  5 flags: 1 network, 2 answer  6 body (16) and reference (16) of the answer
--        7 id of the operation (8)  8 sealed code
--        then, with flag 4, when and what the network's state was: u48, state
-- Returns what sends_answer says
if (#ARGV ~= 8 and #ARGV ~= 9) or #KEYS < 6 then error({err = 'OTPARITY store'}) end
local P, tag, flags = policy_read(ARGV[1]), ARGV[2], tonumber(ARGV[5])
local ip_key, answer_key, code_key = extra_keys(7, flags)
local body, generation = string.sub(ARGV[6], 1, 16), string.sub(ARGV[3], 1, 12)
local r, epoch, now, ip = open_subject(P, ip_key)
-- What came along is how it stood before the send was reserved.
if ip_key == THERE and P.ip_sends > 0 then ip_spend(ip, P, now) end
local ours = answer_ours(answer_key, ARGV[7])
local closed = claims_close(r, epoch, now)
local entry = purpose_find(r, tag)
local look = sends_look(r, entry, ip, ip_key, P, now)

local refusal, wait
if r.disabled then
  refusal, wait = SUBJECT_DISABLED, 0
elseif r.locked_until > now then
  refusal, wait = SUBJECT_LOCKED, r.locked_until - now
end
if refusal then
  emit(EVENT_SEND, refusal, epoch, now, (record_failures(r)), r.level, now + wait, ARGV[4])
  if closed then record_save(KEYS[1], r, now, P.memory) end
  if ours then redis.call('DEL', answer_key) end
  return sends_answer(refusal, r, look, P, now, 0, wait, 0, epoch)
end

local ended, resend = {}, 0
if entry and entry.reserved == generation then
  entry.reserved = nil
  resend = verification_place(r, entry, ARGV[3], P, now, epoch, ended, ours and string.sub(ARGV[6], 17) or nil)
end
-- One whose turn was taken is issued all the same, and superseded already: as if it had come first.
emit(EVENT_SEND, ISSUED, epoch, now, (record_failures(r)), r.level, now + P.lifetime, ARGV[4])
record_save(KEYS[1], r, now, P.memory)
if #ended > 0 then history_add(KEYS[6], ended, now) end
look = sends_look(r, entry, ip, ip_key, P, now)
local reply = sends_answer(ISSUED, r, look, P, now, now + P.lifetime, sends_wait(look), resend, epoch,
  generation)
if ours then
  answer_keep(answer_key, body, reply)
  answer_keep_code(code_key, ARGV[8], P.lifetime)
end
return reply
