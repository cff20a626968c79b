//! Looks at a verification (`get` of `lua/verification.lua`).

use super::{Store, StoreError, check::Found, functions, message::HeldMessage, target::Target};
use crate::policy::Outcome;

/// A verification as it is now.
#[derive(Debug)]
pub struct Seen {
    /// Its state.
    pub state: Outcome,
    /// Redis's clock, ms since 1970.
    pub now: u64,
    /// Wrong codes left before a lock of its subject.
    pub attempts_left: u32,
    /// The message that carries its code, where one does.
    pub message: Option<HeldMessage>,
    /// Its code, if that is in its subject's record.
    pub found: Option<Found>,
}

impl Store {
    /// Looks at a verification; changes nothing.
    pub async fn get(&self, target: &Target<'_>) -> Result<Seen, StoreError> {
        let mut reply = self.about(&functions::GET, &target.about(b""), &[&target.packed()]).await?;
        let (state, now, attempts_left) = (reply.outcome()?, reply.natural()?, reply.small(u32::MAX)?);
        let (message, found) = (HeldMessage::read(reply.bytes()?), Found::read(reply.bytes()?)?);
        Ok(Seen { state, now, attempts_left, message, found })
    }
}
