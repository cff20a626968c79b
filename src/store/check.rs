//! Checks of a code whose digest is compared inside Redis (`lua/check.lua`), and the verdict of every check.

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{About, Answer, CallKeys, Decision},
    functions,
    network::{Charge, counts},
    packed::{Limit, Lock, Packed},
    target::Target,
};
use crate::{policy::Outcome, secret::Generation};

/// What was decided about a code. Times in ms since 1970 unless said.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The verdict.
    pub outcome: Outcome,
    /// Redis's clock.
    pub now: u64,
    /// Wrong codes left before a lock.
    pub attempts_left: u32,
    /// The running lock.
    pub lock: Lock,
    /// The verification that was meant, if it is in its subject's record.
    pub found: Option<Found>,
    /// ms until the failures are forgotten, 0 if there are none.
    pub reset: u64,
    /// When the refusal ends, 0 if it is none or has no end.
    pub ends: u64,
    /// Failures of the client's network.
    pub network_limit: Limit,
    /// Of a success: where the message went that carried the code, sealed; empty where none did.
    pub proven: Vec<u8>,
}

/// A verification in the store.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which issue.
    pub generation: Generation,
    /// Characters in its code.
    pub length: u8,
    /// When it expires.
    pub expires: u64,
    /// How long it lives, ms.
    pub lifetime: u32,
    /// The epoch it was issued in.
    pub epoch: u32,
    /// Tag of its code's alphabet.
    pub alphabet: u8,
}

/// The presented code's form, against which it is known that it could be no code of this verification at all.
#[derive(Debug, Clone, Copy)]
pub struct CodeFormat {
    /// Characters.
    pub length: u8,
    /// Whether it looks like a code that would be issued now.
    pub matches_policy: bool,
    /// Whether all its characters are of the configured alphabet.
    pub of_alphabet: bool,
    /// Tag of that alphabet.
    pub alphabet: u8,
}

impl Found {
    /// As `code_pack` of `lua/lib/code.lua` packs it; `None` where there is none.
    pub(super) fn read(code: Vec<u8>) -> Result<Option<Self>, StoreError> {
        if code.is_empty() {
            return Ok(None);
        }
        let mut code = Packed::new("get", code);
        let (generation, _spelling) = (Generation(code.take()?), code.take::<8>()?);
        let (length, alphabet, epoch, _outcome, _marks) = (code.u8()?, code.u8()?, code.u32()?, code.u8()?, code.u8()?);
        Ok(Some(Self { generation, length, alphabet, epoch, expires: code.u48()?, lifetime: code.u32()? }))
    }
}

impl CodeFormat {
    pub(super) fn packed(self) -> [u8; 4] {
        [self.length, u8::from(self.matches_policy), u8::from(self.of_alphabet), self.alphabet]
    }
}

impl Checked {
    /// As `check_answer` of `lua/lib/check.lua` packs it.
    pub(super) fn begin(packed: &mut Packed) -> Result<Self, StoreError> {
        let (outcome, now, attempts_left) = (packed.outcome()?, packed.u48()?, packed.u16()?.into());
        let (lock, reset, ends, network_limit) = (packed.lock()?, packed.u48()?, packed.u48()?, packed.limit()?);
        let length = packed.u8()?.into();
        let found = Found::read(packed.bytes(length)?)?;
        Ok(Self { outcome, now, attempts_left, lock, found, reset, ends, network_limit, proven: Vec::new() })
    }
}

impl Decision for Checked {
    fn read(mut packed: Packed) -> Result<Self, StoreError> {
        let checked = Self::begin(&mut packed)?;
        Ok(Self { proven: packed.rest(), ..checked })
    }

    fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn counts(&self) -> bool {
        counts(self.outcome)
    }
}

impl Store {
    /// Charges, compares and settles, in one call; in a cluster the network's part of it in one before. `digests` are
    /// [`crate::secret::PepperRing::candidates`]. [`Outcome::Claimed`]: the stored digest takes time, nothing was charged,
    /// [`Store::claim`] must be asked.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was verified that this caller may rely on.
    pub async fn check(
        self: &Arc<Self>,
        target: &Target<'_>,
        format: CodeFormat,
        digests: &[u8],
        keys: &CallKeys,
        context: &[u8],
    ) -> Result<Answer<Checked>, StoreError> {
        let about = About { keys: *keys, ..target.about(context) };
        let (packed, code) = (target.packed(), [&format.packed()[..], digests].concat());
        let args: [&[u8]; 3] = [&packed, &code, keys.body()];
        self.decided(&functions::CHECK, &about, Charge::Failure, &args).await.map(|(answer, _)| answer)
    }
}
