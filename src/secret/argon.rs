//! The slow digest: Argon2id (RFC 9106, version 1.3, one lane) over the keyed one.
//!
//! The pepper does the work: 10⁶ codes fall to hours of any hash. Argon2 buys time if pepper and Redis are lost together.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use super::digest::Digest;

/// What one Argon2 hash costs. The defaults are OWASP's (Password Storage Cheat Sheet: 19 MiB, two passes, one lane).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgonCost {
    /// Memory in KiB (`OTP_ARGON2_MEMORY_KIB`).
    pub memory_kib: u32,
    /// Passes over it (`OTP_ARGON2_ITERATIONS`).
    pub iterations: u8,
}

/// How a code is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashScheme {
    /// HMAC-SHA-256 under the pepper, 16 bytes.
    Hmac,
    /// Argon2id over that, salted.
    Argon2id(ArgonCost),
}

const SALT: usize = 16;
const HASH: usize = 16;
/// What is stored: memory in KiB (4), passes (1), salt, hash. A keyed digest alone has 16 bytes.
pub const STORED: usize = 5 + SALT + HASH;

/// The most that can be configured (`OTP_ARGON2_MEMORY_KIB`, `OTP_ARGON2_ITERATIONS`). What is stored brings its own
/// cost along; a damaged one must not take the machine's memory.
const DEAREST: ArgonCost = ArgonCost { memory_kib: 1 << 20, iterations: 16 };

/// Memory for one hash at a time, kept between hashes: fresh memory costs a third more time.
#[derive(Default)]
pub struct Scratch(Vec<Block>);

/// Hashes `digest` with a salt of ours, as it is to be stored. `None` for a cost that Argon2 does not know, which
/// configuration refuses.
pub fn hash(scratch: &mut Scratch, cost: ArgonCost, salt: [u8; SALT], digest: &Digest) -> Option<[u8; STORED]> {
    let hash = raw(scratch, cost, &salt, digest)?;
    let mut stored = [0; STORED];
    let parts = cost.memory_kib.to_be_bytes().into_iter().chain([cost.iterations]).chain(salt).chain(hash);
    stored.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    Some(stored)
}

/// Which of `stored` and `replaced` the `digest` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The one that was stored.
    Stored,
    /// One that it replaced.
    Replaced,
    /// Neither.
    None,
}

/// Compares `digest` with the one that was stored, by the salt and cost that were stored with it, and with the hashes of the
/// same salt that it replaced, 16 bytes each. `None` if `stored` is none of ours.
pub fn matches(scratch: &mut Scratch, stored: &[u8], replaced: &[u8], digest: &Digest) -> Option<Match> {
    let (cost, salt, hash) = split(stored)?;
    let expected = <&[u8; HASH]>::try_from(hash).ok()?;
    let hash = raw(scratch, cost, salt, digest)?;
    if hash.ct_eq(expected).into() {
        return Some(Match::Stored);
    }
    let older = replaced.chunks(HASH).any(|known| hash.ct_eq(known).into());
    Some(if older { Match::Replaced } else { Match::None })
}

/// The salt of a stored digest, or of its beginning, if it was made at this `cost`.
pub fn salt_of(stored: &[u8], cost: ArgonCost) -> Option<[u8; SALT]> {
    split(stored).filter(|(made, ..)| *made == cost).map(|(_, salt, _)| *salt)
}

/// Cost, salt, and what follows.
fn split(stored: &[u8]) -> Option<(ArgonCost, &[u8; SALT], &[u8])> {
    let (memory, rest) = stored.split_first_chunk::<4>()?;
    let (&iterations, rest) = rest.split_first()?;
    let (salt, rest) = rest.split_first_chunk::<SALT>()?;
    Some((ArgonCost { memory_kib: u32::from_be_bytes(*memory), iterations }, salt, rest))
}

fn raw(scratch: &mut Scratch, cost: ArgonCost, salt: &[u8; SALT], digest: &Digest) -> Option<[u8; HASH]> {
    if cost.memory_kib > DEAREST.memory_kib || cost.iterations > DEAREST.iterations {
        return None;
    }
    let params = Params::new(cost.memory_kib, u32::from(cost.iterations), 1, Some(HASH)).ok()?;
    let blocks = params.block_count();
    if scratch.0.len() < blocks {
        scratch.0.resize(blocks, Block::new());
    }
    let mut hash = [0; HASH];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(digest, salt, &mut hash, scratch.0.get_mut(..blocks)?).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: ArgonCost = ArgonCost { memory_kib: 64, iterations: 1 };

    #[test]
    fn what_was_hashed_matches_and_nothing_else_does() {
        let mut scratch = Scratch::default();
        let stored = hash(&mut scratch, COST, [7; SALT], &[1; 16]).unwrap();
        assert_eq!(matches(&mut scratch, &stored, &[], &[1; 16]), Some(Match::Stored));
        assert_eq!(matches(&mut scratch, &stored, &[], &[2; 16]), Some(Match::None));
        let older = hash(&mut scratch, COST, [7; SALT], &[2; 16]).unwrap();
        let replaced = [&[0; HASH], &older[21..]].concat();
        assert_eq!(matches(&mut scratch, &stored, &replaced, &[2; 16]), Some(Match::Replaced));
        assert_eq!(matches(&mut scratch, &stored, &replaced, &[1; 16]), Some(Match::Stored));
        assert_eq!(salt_of(&stored[..21], COST), Some([7; SALT]));
        assert_eq!(salt_of(&stored[..21], ArgonCost { iterations: 2, ..COST }), None);
        // The cost that was stored counts, not the one in force; memory used before does not show.
        let dear = hash(&mut scratch, ArgonCost { memory_kib: 256, iterations: 2 }, [7; SALT], &[1; 16]).unwrap();
        assert_eq!(matches(&mut scratch, &dear, &[], &[1; 16]), Some(Match::Stored));
        assert_eq!(matches(&mut scratch, &stored, &[], &[1; 16]), Some(Match::Stored));
        assert_ne!(stored[21..], dear[21..]);
    }

    #[test]
    fn what_is_none_of_ours_is_neither_right_nor_wrong() {
        let mut scratch = Scratch::default();
        for length in [0, 4, 16, STORED - 1, STORED + 1] {
            assert_eq!(matches(&mut scratch, &vec![0; length], &[], &[1; 16]), None, "{length}");
        }
        for cost in [[0xff; 5], [0, 0x10, 0, 1, 1], [0, 0, 0, 64, 17]] {
            let stored = [&cost[..], &[0; SALT + HASH]].concat();
            assert_eq!(matches(&mut scratch, &stored, &[], &[1; 16]), None, "{cost:?} costs more than can be set");
        }
        assert!(scratch.0.is_empty());
    }
}
