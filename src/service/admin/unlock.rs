//! Unlock: an operator ends what stops a subject, a network, or everybody.

use std::net::IpAddr;

use serde::Serialize;

use super::{Operator, Service, ServiceError, SubjectSelector};
use crate::{
    event::NOBODY,
    policy::Network,
    secret::Who,
    store::{
        locks::{Place, Stopped},
        unlock::Act,
    },
};

/// Subjects that are unlocked in one round trip: so many keep Redis for some 2 ms.
const AT_ONCE: usize = 64;

/// What is to be unlocked.
#[derive(Debug)]
pub enum Unlock {
    /// One subject.
    Subject(SubjectSelector),
    /// The network of an address.
    Network {
        /// Whose users come from there.
        tenant: String,
        /// The address.
        ip: IpAddr,
    },
    /// Whoever is locked or disabled.
    All,
}

/// The answer.
#[derive(Debug, Serialize)]
pub struct Unlocked {
    /// How many were stopped and are not any more.
    unlocked: u64,
}

impl Service {
    /// Ends it, for this `reason`; with `sends` quotas and pauses too.
    ///
    /// It holds at once in Redis. A refusal from memory is believed for a second from before Redis gave it
    /// ([`crate::service::denial_cache::LONGEST`]), so that it holds a second later in every sidecar; nobody need be told.
    ///
    /// # Errors
    /// [`ServiceError`]: some may be unlocked. To do it again does no harm.
    pub async fn unlock(
        &self,
        operator: Operator<'_>,
        what: &Unlock,
        sends: bool,
        reason: &str,
    ) -> Result<Unlocked, ServiceError> {
        let why = Who { reason: Some(reason), ..Who::default() };
        let unlocked = match what {
            Unlock::Subject(whom) => {
                let reference = self.reference(whom);
                if !self.was_seen(&reference).await? {
                    self.unlock_nobody(operator, whom.tenant(), why).await?;
                    return Ok(Unlocked { unlocked: 0 });
                }
                let who = Who { subject: whom.spelling(), ..why };
                let context = self.act(operator, &reference, whom.tenant(), None, who);
                let done = self.store.unlock(&Act { subject: reference, context, sends }).await?;
                self.forget(&reference);
                u64::from(done)
            }
            Unlock::Network { tenant, ip } => {
                let network = self.index.network(tenant, &Network::of(*ip, self.policy.ipv6_prefix));
                let context = self.act(operator, &NOBODY, tenant, Some(&network), Who { ip: Some(*ip), ..why });
                let done = self.store.unblock(&network, &context, sends).await?;
                self.forget(&network);
                u64::from(done)
            }
            Unlock::All => self.unlock_all(operator, sends, why).await?,
        };
        if unlocked == 0 && matches!(what, Unlock::All) {
            self.unlock_nobody(operator, "", why).await?;
        }
        self.reads.forget();
        Ok(Unlocked { unlocked })
    }

    /// Records that there was nobody to unlock. Nothing of whoever was named is kept: they would be somebody who was seen.
    async fn unlock_nobody(&self, operator: Operator<'_>, tenant: &str, why: Who<'_>) -> Result<(), ServiceError> {
        let context = self.act(operator, &NOBODY, tenant, None, why);
        self.store.unlock(&Act { subject: NOBODY, context, sends: false }).await?;
        Ok(())
    }

    /// Whoever is stopped when it begins: locks that begin meanwhile stay, so that it comes to an end.
    async fn unlock_all(&self, operator: Operator<'_>, sends: bool, why: Who<'_>) -> Result<u64, ServiceError> {
        let begun = self.store.now().await?;
        let (mut unlocked, mut from): (u64, Option<Place>) = (0, None);
        loop {
            let (stopped, more) = self.store.locks(from, AT_ONCE).await?;
            from = stopped.last().map(|last| last.place);
            let act = |stopped: &Stopped| {
                let context = self.act(operator, &stopped.subject, "", None, why);
                Act { subject: stopped.subject, context, sends }
            };
            let acts: Vec<Act> = stopped.iter().filter(|stopped| stopped.since <= begun).map(act).collect();
            if !acts.is_empty() {
                unlocked += self.store.unlock_each(&acts).await?;
                acts.iter().for_each(|act| self.forget(&act.subject));
            }
            if !more || from.is_none() {
                return Ok(unlocked);
            }
        }
    }
}
