//! Claims (`lua/claim.lua`): the first half of a check whose comparison takes time.

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{About, Answer, CallKeys, Decision},
    check::{Checked, CodeFormat},
    functions,
    network::{Charge, RemoteIpState},
    packed::Packed,
    target::Target,
};
use crate::policy::Outcome;

/// An attempt that was charged, and what it is to be compared with.
#[derive(Debug)]
pub struct Claimed {
    /// How it stands.
    pub checked: Checked,
    /// What is to be compared; `None` where there is nothing.
    pub compare: Option<Stored>,
    /// The client's network, for [`Store::settle`].
    pub network: RemoteIpState,
}

/// The digest of a live code, as it is stored.
#[derive(Debug)]
pub struct Stored {
    /// The pepper's kid.
    pub kid: [u8; 4],
    /// Cost, salt and hash; or a keyed digest alone.
    pub digest: Vec<u8>,
    /// Hashes of the codes that it replaced, of the same pepper, cost and salt, 16 bytes each.
    pub replaced: Vec<u8>,
}

const UNREADABLE: StoreError = StoreError::Unexpected("claim");

impl Decision for Claimed {
    fn read(mut packed: Packed) -> Result<Self, StoreError> {
        let checked = Checked::begin(&mut packed)?;
        let mut claimed = Self { checked, compare: None, network: RemoteIpState::default() };
        if claimed.checked.outcome == Outcome::Claimed {
            let length = usize::from(packed.u8()?);
            let kid = packed.take::<4>()?;
            let all = packed.rest();
            let (digest, replaced) = all.split_at_checked(length.saturating_sub(kid.len())).ok_or(UNREADABLE)?;
            claimed.compare = Some(Stored { kid, digest: digest.to_vec(), replaced: replaced.to_vec() });
        }
        Ok(claimed)
    }

    fn outcome(&self) -> Outcome {
        self.checked.outcome
    }

    fn counts(&self) -> bool {
        self.compare.is_some() || self.checked.counts()
    }
}

impl Store {
    /// Charges an attempt and answers what to compare. `kids` are those of the ring, `operation` names this attempt.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was verified; an attempt may be charged.
    pub async fn claim(
        self: &Arc<Self>,
        target: &Target<'_>,
        format: CodeFormat,
        kids: &[[u8; 4]],
        operation: &[u8; 8],
        keys: &CallKeys,
        context: &[u8],
    ) -> Result<Answer<Claimed>, StoreError> {
        let about = About { keys: *keys, ..target.about(context) };
        let (packed, code) = (target.packed(), [&format.packed()[..], kids.as_flattened()].concat());
        let args: [&[u8]; 4] = [&packed, &code, keys.body(), operation];
        let (answer, network) = self.decided(&functions::CLAIM, &about, Charge::Failure, &args).await?;
        Ok(answer.map(|claimed: Claimed| Claimed { network, ..claimed }))
    }
}
