//! What operators do and see, one file per noun. Each act is written to the trail by the script that does it; each look at
//! persons by one of its own, before anything is shown.

pub mod erase;
pub mod events;
pub mod export;
pub mod figures;
pub mod inspect;
mod lines;
pub mod lock;
pub mod locks;
mod names;
mod near;
mod profile;
pub mod sentence;
pub mod stats;
pub mod unlock;

use std::time::Instant;

use self::{
    events::{EventsPage, Wanted},
    locks::Locks,
    stats::Stats,
};
use super::{Service, ServiceError, shared::Shared};
use crate::{
    event::{EventContext, Kind, NOBODY},
    policy::Subject,
    secret::{Reference, Who},
    store::{counters::Memory, locks::Place},
};

/// How long what all tabs of a console ask for is told as it was read, s.
const READ_EVERY: u64 = 1;
/// The same of sums, which cost Redis the most.
const SUMMED_EVERY: u64 = 5;

/// What several operators who look at once are told from one read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    events: Shared<Wanted, EventsPage, READ_EVERY>,
    locks: Shared<(Option<Place>, usize), Locks, READ_EVERY>,
    stats: Shared<(), Stats, SUMMED_EVERY>,
    figures: Memory,
}

impl Reads {
    /// Forgets them, since an operator changed something and is going to look.
    fn forget(&self) {
        self.events.forget();
        self.locks.forget();
        self.stats.forget();
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub struct Operator<'a> {
    /// The name of the operator's key.
    pub actor: &'a str,
    /// The request's id, for the event.
    pub request_id: &'a str,
}

/// SubjectSelector an operator means.
#[derive(Debug)]
pub enum SubjectSelector {
    /// A subject as the app knows it.
    Subject {
        /// Whose user it is.
        tenant: String,
        /// The user.
        subject: Subject,
    },
    /// A subject as events name it.
    Reference(Reference),
}

impl SubjectSelector {
    /// The tenant, empty where it is not known.
    fn tenant(&self) -> &str {
        match self {
            Self::Subject { tenant, .. } => tenant,
            Self::Reference(_) => "",
        }
    }

    /// The spelling, where it is known.
    fn spelling(&self) -> Option<&str> {
        match self {
            Self::Subject { subject, .. } => Some(subject.spelling()),
            Self::Reference(_) => None,
        }
    }
}

impl Service {
    fn reference(&self, whom: &SubjectSelector) -> Reference {
        match whom {
            SubjectSelector::Subject { tenant, subject } => self.index.subject(tenant, subject),
            SubjectSelector::Reference(reference) => *reference,
        }
    }

    /// Packs what an event says of an operator's act. Why it was done is sealed like all that people write; whom it was done to
    /// only where names are kept at all.
    fn act(
        &self,
        operator: Operator<'_>,
        reference: &Reference,
        tenant: &str,
        network: Option<&Reference>,
        who: Who<'_>,
    ) -> Vec<u8> {
        let who = Who { subject: who.subject.filter(|_| self.names), ip: who.ip.filter(|_| self.names), ..who };
        EventContext {
            request_id: operator.request_id,
            tenant,
            network,
            who: &self.who.seal(reference, &who),
            actor: operator.actor,
            ..EventContext::about(reference)
        }
        .packed()
    }

    /// Records that an operator looks at something that is about nobody in particular: the first time before it is shown,
    /// and further ones within ten minutes as one event with their number.
    async fn look(&self, operator: Operator<'_>, kind: Kind) -> Result<(), ServiceError> {
        if self.suppressed.looks.count(operator.actor, kind) {
            return Ok(());
        }
        let context = self.act(operator, &NOBODY, "", None, Who::default());
        self.store.record_read_access(&NOBODY, kind, &context).await?;
        self.suppressed.looks.begin(operator.actor, kind, context, Instant::now());
        Ok(())
    }
}
