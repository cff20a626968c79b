//! A door for `tests/fuzz` to what is private here; no part of the interface.

use super::{framing::Framing, head::Refusal, limits::Limits};

/// How far the bytes of one connection were let through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Followed {
    /// So many bytes.
    pub passed: usize,
    /// Where requests ended among them.
    pub ends: Vec<usize>,
    /// The status with which a head was refused.
    pub refused: Option<u16>,
    /// Whether nothing more will be let through.
    pub lost: bool,
}

/// Follows one connection as the gate does: what is not sound yet comes again, with the next piece behind it.
pub fn follow<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Followed {
    let (mut framing, mut held, mut followed) = (Framing::new(&Limits::default()), Vec::new(), Followed::default());
    for piece in pieces {
        held.extend_from_slice(piece);
        while !held.is_empty() && followed.refused.is_none() {
            let sound = framing.follow(&held);
            held.drain(..sound.bytes.min(held.len()));
            followed.passed += sound.bytes;
            followed.lost = framing.is_lost();
            followed.refused = sound.refusal.map(|refusal| match refusal {
                Refusal::Malformed => 400,
                Refusal::TooLarge => 431,
            });
            if sound.bytes == 0 {
                break;
            }
            if !framing.is_in_body() {
                followed.ends.push(followed.passed);
            }
        }
    }
    followed
}
