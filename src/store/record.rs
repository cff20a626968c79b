//! The record of a subject: one hash under `otp:{tag}:s:<ref>`, read and written by the functions of `lua/` alone.
//!
//! A field holds one concern and is named for it, so that `HGETALL` shows what is held, to an operator as to a function. A
//! name alone is about all purposes; with `:<purpose>` behind it, about that purpose. Integers are big-endian; times are ms since 1970 by Redis's
//! clock (u48: until the year 10889), zero = never. No name and no value is over 64 bytes with the default limits, so Redis
//! keeps the hash in its compact form.
//!
//! ```text
//! seen              u8  version        1. A function refuses a higher one (OTPVERSION) and leaves the record untouched
//!                   u48 seen           the last time a function saw; time never runs backwards for a subject, unless this is over
//!                                      5 s ahead of the clock: then its codes are expired, entries of its logs count as of now, and
//!                                      pauses and locks that run begin anew
//!                   u48 ends           when nothing in the record matters any more, to the full minute; only raised. The key ends with it
//!                   u48 last send      runs the pause that purposes share
//! sends[:purpose]   log                sends that count for the shared quota, or for one of the purpose's own
//! pause:purpose     u48 last send      of a purpose with a pause of its own
//! lock              u8  level          how many locks in a row; falls to 0 a memory after the last one's end
//!                   u8  reason         1 failures · 2 by hand
//!                   u48 since, u48 until, u16 failures that led to it
//! disabled          u48 since          the hard stop; the key then has no end but an operator's act
//! failures          u16 failures       that count towards a lock: the sum over purposes
//!                   u16 run            wrong codes in a row: the sum over purposes
//!                   u48 last failure, u48 last attempt (a code compared, right or wrong)
//!                   [u16 claims, u48 no later than the oldest began]   where there are some
//! failures:purpose  u16 wrong codes, u16 failures recorded by the guard, u16 wrong codes in a row
//! code:purpose      12 generation, 8 spelling
//!                   u8  length of the code, u8 tag of its alphabet
//!                   u32 epoch          it was issued in, its lower half: of another epoch than the bucket's, it is void
//!                   u8  outcome        0 pending, else how it ended (crate::policy::Outcome)
//!                   u8  marks          1 delivered · 2 not delivered · 4 reported · 8 carried by a message
//!                   u48 expires, u32 lifetime in ms
//!                   [16]               reference of the remembered answer that holds it
//! digest:purpose    4   kid of the pepper
//!                   [4 KiB, 1 iterations, 16 salt]   argon2id
//!                   16  hash           none once the code ended
//! replaced:purpose  1 or 2 x           codes that gave their place to a later one, the last at the end
//!                   u48 expires, 16 hash             of the same kid, cost and salt as the digest
//! reserved:purpose  12 generation      of a send whose digest is being computed
//! claim:id          12 generation      a check whose code is being compared; id (8) names it
//!                   u48 since, u48 last failure but for it, u16 failures with it
//!                   u8  reached        1 the limit · 2 the hard stop
//!                   [16]               for 1: the lock as it was before
//! ```
//!
//! A log is n x u48; for quotas over 100, and for what is kept only to be counted, a byte 1 and n x (u48, u32 how many)
//! (`lua/lib/log.lua`). The purpose `*` holds the counts of purposes that a full record folded together.
//!
//! Beside the hash lies one string, `otp:{tag}:h:<ref>`: outcomes of verifications whose place in it was taken
//! (`lua/lib/history.lua`). The state of a client network is one string too, with a clock of its own (`lua/lib/network.lua`).
//!
//! A record with one live code, one send and no failures is 123 bytes long; each further send of the last hour adds 6.
//!
//! At most 32 purposes are kept, 16 of them pending. A verification is remembered for its lifetime once more after it
//! expires; failures for the lockout memory; wrong codes in a row for 30 days after the last (an attacker who must rest
//! that long between tries gains nothing; a user who comes back in that time is not surprised). The digest of a code that
//! merely expired is void and goes with the next touch of it, or with the record.
