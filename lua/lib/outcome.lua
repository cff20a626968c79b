-- Every verdict a script can give, by number. The same numbers stand in src/policy/outcome.rs; a test compares them.
-- 0-9 are states of a verification, 10-19 what a call did, 20-29 why it was refused, 30-39 what is said of a call itself.
local PENDING, USED, SUPERSEDED, CANCELED, BURNT, EXPIRED, NOT_FOUND = 0, 1, 2, 3, 4, 5, 6
local ISSUED, APPROVED, WRONG_CODE, WRONG_CODE_LOCKS, WRONG_CODE_DISABLES, INVALID_CODE = 10, 11, 12, 13, 14, 15
local RECORDED, RESERVED, CLAIMED, UNSETTLED = 16, 17, 18, 19
local SUBJECT_DISABLED, SUBJECT_LOCKED, IP_BLOCKED, RESEND_COOLDOWN, QUOTA_SUBJECT, QUOTA_IP = 20, 21, 22, 23, 24, 25
local REPLAYED, KEY_REUSED, IN_PROGRESS, DELIVERED, FAILED, REPORTED = 30, 31, 32, 33, 34, 35
-- Kinds of event, as in src/audit/event.rs.
local EVENT_SEND, EVENT_CHECK, EVENT_CANCEL, EVENT_LOCKOUT, EVENT_DISABLE = 1, 2, 3, 4, 5
local EVENT_STORE_FAILOVER, EVENT_STORE_REPLAY = 23, 24
local EVENT_REQUEST, EVENT_FAILURE, EVENT_SUCCESS, EVENT_DELIVERY, EVENT_REPORT = 6, 7, 8, 9, 10
