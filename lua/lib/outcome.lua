-- Every verdict a script can give, by number. The same numbers stand in src/policy/outcome.rs; a test compares them.
-- 0-9 are states of a verification, 10-19 what a call did, 20-29 why it was refused.
local PENDING, USED, SUPERSEDED, CANCELED, BURNT, EXPIRED, NOT_FOUND = 0, 1, 2, 3, 4, 5, 6
local ISSUED, APPROVED, WRONG_CODE, WRONG_CODE_LOCKS, WRONG_CODE_DISABLES, INVALID_CODE = 10, 11, 12, 13, 14, 15
local SUBJECT_DISABLED, SUBJECT_LOCKED, RESEND_COOLDOWN, QUOTA_SUBJECT, QUOTA_IP = 20, 21, 23, 24, 25
-- Kinds of event, as in src/audit/event.rs.
local EVENT_SEND, EVENT_CHECK, EVENT_CANCEL, EVENT_LOCKOUT, EVENT_DISABLE = 1, 2, 3, 4, 5
