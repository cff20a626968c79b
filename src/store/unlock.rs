//! Ends what stops a subject (`lua/unlock.lua`) or a network (`unblock` of `lua/network.lua`), by an operator's act.

use futures_util::future::join_all;

use super::{
    Store, StoreError,
    call_keys::About,
    connection::Lane,
    functions,
    key::{OfBucket, OfReference},
};
use crate::{event::Bucket, secret::Reference};

/// An operator's act on one subject among several.
#[derive(Debug)]
pub struct Act {
    /// Whose.
    pub subject: Reference,
    /// Of its event.
    pub context: Vec<u8>,
    /// Whether quotas and pauses end too.
    pub sends: bool,
}

/// Whether quotas and pauses end too, as scripts take it.
fn flag(sends: bool) -> &'static [u8] {
    if sends { b"1" } else { b"0" }
}

impl Store {
    /// Ends lock, hard stop, failures and level of a subject, and with `sends` its quotas and pauses; whether there was any.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was done is unknown. To do it again does no harm.
    pub async fn unlock(&self, act: &Act) -> Result<bool, StoreError> {
        let about = About::by_hand(&act.subject, &act.context);
        let mut reply = self.about(&functions::UNLOCK, &about, &[flag(act.sends)]).await?;
        self.confirmed(about.bucket(), &reply.source()?).await?;
        Ok(reply.int()? == 1)
    }

    /// The same for several subjects at once; for how many there was any.
    ///
    /// # Errors
    /// [`StoreError`]: some may be done.
    pub async fn unlock_each(&self, acts: &[Act]) -> Result<u64, StoreError> {
        let ended = join_all(acts.iter().map(|one| self.unlock(one))).await;
        ended.into_iter().try_fold(0, |all, ended| Ok(all + u64::from(ended?)))
    }

    /// Forgets the failures of a network, its strangers and that it is flagged, and with `sends` its sends; whether there were any.
    pub async fn unblock(&self, network: &Reference, context: &[u8], sends: bool) -> Result<bool, StoreError> {
        let bucket = Bucket::of(network);
        let [network_key, strangers] = [OfReference::Network, OfReference::Strangers].map(|kind| kind.key(network));
        let keys = [network_key, strangers, OfBucket::Flagged.key(bucket).into_bytes()];
        let args = [self.limits.of(""), context, flag(sends)];
        self.usable(functions::UNBLOCK.name)?;
        let mut reply = self.call(Lane::Background, &functions::UNBLOCK, bucket, &keys, &args).await?;
        self.confirmed(bucket, &reply.source()?).await?;
        Ok(reply.int()? == 1)
    }
}
