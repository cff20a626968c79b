//! The record of a subject: one packed string under `otp:{tag}:s:<ref>`, read and written by `lua/lib/record.lua` alone.
//!
//! Integers are big-endian; times are ms since 1970 by Redis's clock (u48: until the year 10889), zero = never.
//!
//! ```text
//! header     u8  version        1. A script refuses a higher one (OTPVERSION) and leaves it untouched
//!            u8  flags          1 disabled · 2 lock block · 4 attempt block · 8 claims
//!            u48 seen           the last time a script saw: time never runs backwards for a subject
//!            u48 ends           until when the logs of sends matter
//!            u48 last send      runs the pause that all purposes share
//! lock       u8  level          how many locks in a row; falls to 0 a memory after the last one's end
//!            u8  reason         1 failures · 2 by hand
//!            u48 since, u48 until, u16 failures that led to it
//! attempt    u48 last failure, u48 last attempt (a code compared, right or wrong)
//! log        u8 kind, u8 n, entries: sends that count for the shared quota (lua/lib/log.lua)
//! purposes   u8 n, then for each
//!            4   tag            keyed; all zeros = what a full record folded together
//!            u8  flags          1 counts · 2 own budget · 4 verification · 8 remembered answer · 16 reservation
//!   counts   u16 failures, u16 failures recorded by the guard, u16 wrong codes in a row
//!   budget   u48 last send, log                 for a purpose with a pause or quota of its own
//!   verification
//!            12  generation, 8 spelling, 4 kid
//!            u32 epoch it was issued in: of an earlier epoch than the bucket's, it is void
//!            u8  outcome        low half: 0 pending, else how it ended (crate::policy::Outcome)
//!                               high half: 1 delivered · 2 not delivered · 4 reported
//!            u8  length of the code, u8 tag of its alphabet
//!            u48 expires, u32 lifetime in ms
//!            u8  n, digest      hmac: 16 bytes; argon2id: u32 KiB, u8 iterations, 16 salt, 16 hash; none once it ended
//!   answer   16 reference of the remembered answer that holds its code
//!   reservation 12 generation of a send whose digest is being computed
//! claims     u8 n, then for each: a check whose code is being compared
//!            8 id, 4 tag of the purpose, 12 generation, u48 since, u48 last failure but for it,
//!            u16 failures with it
//!            u8  reached        1 the limit · 2 the hard stop; for 1 the lock block as it was before
//! extension  whatever follows   kept byte for byte by scripts that do not know it
//! ```
//!
//! A record with one live code, one send in its log and no failures is 96 bytes long; each further send of the last hour
//! adds 6, failures add 18.
//!
//! At most 32 purposes are kept, 16 of them pending. A verification is remembered for its lifetime once more after it
//! expires; failures for the lockout memory; wrong codes in a row for 30 days after the last (an attacker who must rest
//! that long between tries gains nothing; a user who comes back in that time is not surprised). The key ends when the last of these does.
//! The digest of a code that merely expired goes with the next write to its record, or with the key.
