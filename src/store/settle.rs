//! Settlements (`lua/settle.lua`): the second half of a check whose comparison took time.

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{CallKeys, Decision as _},
    check::Checked,
    functions,
    network::RemoteIpState,
    target::Target,
};
use crate::policy::Outcome;

/// What was typed, as far as a comparison can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// None of this user's codes.
    Wrong,
    /// The live code.
    Right,
    /// One that it replaced.
    Replaced,
}

impl Typed {
    /// As `lua/settle.lua` takes it.
    fn word(self) -> &'static [u8] {
        match self {
            Self::Wrong => b"0",
            Self::Right => b"1",
            Self::Replaced => b"2",
        }
    }
}

impl Store {
    /// Says what the comparison said; the store decides what that means by now. `network` is what [`Store::claim`] answered.
    ///
    /// # Errors
    /// [`StoreError`]: whether the code counts as used is unknown.
    pub async fn settle(
        self: &Arc<Self>,
        target: &Target<'_>,
        operation: &[u8; 8],
        typed: Typed,
        network: &RemoteIpState,
        keys: &CallKeys,
        context: &[u8],
    ) -> Result<Checked, StoreError> {
        let args: [&[u8]; 3] = [operation, typed.word(), keys.body()];
        let mut reply = self.about(&functions::SETTLE, &target.about(context).with(keys, network), &args).await?;
        let checked = Checked::read(reply.packed()?)?;
        self.give_back(network, checked.counts() || checked.outcome == Outcome::Unsettled);
        self.confirm_verdict(target.bucket(), checked.outcome, &reply.source()?).await?;
        Ok(checked)
    }
}
