//! A client's network whose state lies with another primary than the subject's: charged there before the subject's function
//! decides, and given back if that did not let it count.

use std::sync::Arc;

use super::{Store, StoreError, connection::Lane, functions, key::OfReference};
use crate::{event::Bucket, policy::Outcome, secret::Reference};

/// What a call is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charge {
    /// A send.
    Send,
    /// A failure.
    Failure,
    /// Nothing.
    None,
}

impl Charge {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Send => b"send",
            Self::Failure => b"failure",
            Self::None => b"none",
        }
    }
}

/// The state of a network as its own server saw it: what subjects' functions are given in place of its key.
#[derive(Debug, Clone, Default)]
pub struct RemoteIpState {
    /// When and what it was, for the function; `None` where its state lies with the subject's.
    pub(super) state: Option<Vec<u8>>,
    /// What is to be given back if the call does not count.
    charged: Option<Charged>,
}

#[derive(Debug, Clone, Copy)]
struct Charged {
    network: Reference,
    charge: Charge,
}

impl Store {
    /// Looks at a network and charges it, where it lies with another server.
    ///
    /// # Errors
    /// [`StoreError`]: it may be charged.
    pub(super) async fn charge(
        &self,
        subject: &Reference,
        network: Option<Reference>,
        charge: Charge,
    ) -> Result<RemoteIpState, StoreError> {
        match network.filter(|_| self.topology.clustered()) {
            None => Ok(RemoteIpState::default()),
            // In memory of its own: where there is one server, no call carries room for it.
            Some(network) => Box::pin(self.charge_remote(subject, network, charge)).await,
        }
    }

    async fn charge_remote(
        &self,
        subject: &Reference,
        network: Reference,
        charge: Charge,
    ) -> Result<RemoteIpState, StoreError> {
        // Whoever's own server is down pays nothing.
        if self.topology.map().of(Bucket::of(subject)).is_some_and(|primary| primary.link(Lane::Interactive).down()) {
            self.topology.suspect();
            return self.note(functions::NETWORK.name, Err(StoreError::Unsent { late: false }));
        }
        let (keys, args) = ([OfReference::Network.key(&network)], [self.limits.of(""), charge.word()]);
        let mut packed = self.decide(&functions::NETWORK, Bucket::of(&network), &keys, &args).await?.packed()?;
        let charged = (packed.u8()? == 1).then_some(Charged { network, charge });
        Ok(RemoteIpState { state: Some(packed.rest()), charged })
    }

    /// Gives back what was charged, unless the call counts. Nobody waits for it.
    pub(super) fn give_back(self: &Arc<Self>, remote: &RemoteIpState, counts: bool) {
        let Some(Charged { network, charge }) = remote.charged.filter(|_| !counts) else { return };
        let store = Arc::clone(self);
        tokio::spawn(async move {
            let (keys, args) = ([OfReference::Network.key(&network)], [store.limits.of(""), charge.word()]);
            // Where it is not known to be done it is not done again: better charged than given back twice.
            let back = &functions::NETWORK_BACK;
            if let Err(error) = store.call(Lane::Background, back, Bucket::of(&network), &keys, &args).await {
                tracing::debug!(%error, "what a network was charged stays");
            }
        });
    }
}

/// Whether a verdict counts against the client's network (`check_counts` in `lua/lib/check.lua`).
pub(super) fn counts(outcome: Outcome) -> bool {
    use Outcome::{Burnt, Canceled, Expired, NotFound, Superseded, Used, WrongCode, WrongCodeDisables, WrongCodeLocks};
    matches!(
        outcome,
        WrongCode | WrongCodeLocks | WrongCodeDisables | Used | Superseded | Canceled | Burnt | Expired | NotFound
    )
}
