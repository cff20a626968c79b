//! Whether a primary has replicas that must have what is written to it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::replication::ReplicationInfo;

/// A primary that had replicas so lately is taken to have some still: one that has lost sight of them all may have been
/// replaced already. Whoever replaces it does so in less.
const GRACE: Duration = Duration::from_secs(60);
/// So many replication ids are remembered.
const REMEMBERED: usize = 4;

/// What is known of a primary's replicas.
pub(super) struct Replicas {
    /// Replication ids that the primary had, the latest few.
    known: Mutex<Vec<Known>>,
    /// Whether replicas are to be expected that nobody has seen yet: others follow a server that has just taken over.
    expects: bool,
}

/// A replication id that the primary had.
struct Known {
    id: String,
    since: Instant,
    /// Until when it is taken to have replicas still; `None` = it had none.
    until: Option<Instant>,
}

/// Whether a replica must have it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Replica {
    #[default]
    No,
    /// If the server says that there is one now.
    IfAny,
    Yes,
}

impl Replicas {
    /// Nothing is known yet.
    pub(super) fn new(expects: bool) -> Self {
        Self { known: Mutex::default(), expects }
    }

    /// Notes how many replicas the primary has now.
    pub(super) fn note(&self, found: &ReplicationInfo) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let place = all.iter().position(|known| known.id == found.id);
        let mut known = match place {
            Some(place) => all.remove(place),
            None => Known { id: found.id.clone(), since: now, until: None },
        };
        if found.replicas > 0 {
            known.until = Some(now + GRACE);
        }
        all.push(known);
        let many = all.len().saturating_sub(REMEMBERED);
        all.drain(..many);
    }

    /// Whether it has some, or had until lately, under this replication id, or under the one that it has now.
    pub(super) fn needed(&self, id: &str) -> Replica {
        let all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = all.iter().find(|known| known.id == id).or(all.last()) else { return Replica::IfAny };
        if own.until.is_some_and(|until| Instant::now() < until) {
            return Replica::Yes;
        }
        if self.expects && own.since.elapsed() < GRACE { Replica::IfAny } else { Replica::No }
    }
}
