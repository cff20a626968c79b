//! A client's network whose state lies with another primary than the subject's: charged there before the subject's function
//! decides, and given back if that did not let it count.

use std::sync::Arc;

use super::{Bucket, Store, StoreError, function, key::OfReference, node::Over, packed::Packed};
use crate::{policy::Outcome, secret::Reference};

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

/// A network as its own server saw it: what subjects' functions are given in place of its key.
#[derive(Debug, Clone, Default)]
pub struct There {
    /// When and what it was, for the function; `None` where its state lies with the subject's.
    pub(super) state: Option<Vec<u8>>,
    /// What is to be given back if the call does not count.
    charged: Option<(Reference, Charge)>,
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
    ) -> Result<There, StoreError> {
        match network.filter(|_| self.nodes.clustered()) {
            None => Ok(There::default()),
            // In memory of its own: where there is one server, no call carries room for it.
            Some(network) => Box::pin(self.charge_there(subject, network, charge)).await,
        }
    }

    async fn charge_there(&self, subject: &Reference, network: Reference, charge: Charge) -> Result<There, StoreError> {
        // Whoever's own server is down pays nothing.
        if self.nodes.map().of(Bucket::of(subject)).is_some_and(|node| node.link(Over::Hot).down()) {
            self.nodes.suspect();
            return self.note(function::NETWORK.name, Err(StoreError::Unsent { late: false }));
        }
        let (keys, args) = ([OfReference::Network.key(&network)], [self.limits.of(""), charge.word()]);
        let mut reply = self.decide(&function::NETWORK, Bucket::of(&network), &keys, &args).await?;
        let mut packed: Packed = reply.packed()?;
        let charged = packed.u8()? == 1;
        Ok(There { state: Some(packed.rest()), charged: charged.then_some((network, charge)) })
    }

    /// The answer to the call that it was charged for; given back where that is known not to have run.
    pub(super) fn or_back<T>(self: &Arc<Self>, there: &There, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        answer.inspect_err(|error| self.give_back(there, !error.undone()))
    }

    /// Gives back what was charged, unless the call counts. Nobody waits for it.
    pub(super) fn give_back(self: &Arc<Self>, there: &There, counts: bool) {
        let Some((network, charge)) = there.charged.filter(|_| !counts) else { return };
        let store = Arc::clone(self);
        tokio::spawn(async move {
            let keys = [OfReference::Network.key(&network)];
            let bucket = Bucket::of(&network);
            // Where it is not known to be done it is not done again: better charged than given back twice.
            if let Err(error) = store
                .call(Over::Background, bucket, &function::NETWORK_BACK, (&keys, &[store.limits.of(""), charge.word()]))
                .await
            {
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
