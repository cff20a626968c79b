//! One primary, the ways to it, and what was last seen of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    access::Access,
    dial::{To, pool},
    host_port::HostPort,
    link::Link,
    waiting::{Permit, Waiting},
};
use crate::store::{
    StoreError,
    failover::{Barrier, ReplicationInfo},
};

/// A lane names over which of its connections a primary is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Lane {
    /// For verdicts that a user waits for.
    Interactive,
    /// For everything else, so that a batch of events never stands before a verdict.
    Background,
    /// For the export of events, which has a thread of its own: whoever makes a connection runs it.
    Export,
    /// For much that operators read, who have one too.
    Operators,
}

/// A primary holds connections to one server, by lanes.
pub(in crate::store) struct Primary {
    /// Where it listens; `None` where there is but one.
    pub(in crate::store) place: Option<HostPort>,
    interactive: Link,
    background: Link,
    export: Link,
    operators: Link,
    waiting: Waiting,
    /// Says when replicas have what was written.
    pub(in crate::store) barrier: Barrier,
    seen: Mutex<Seen>,
}

/// What was last seen of a primary.
#[derive(Default)]
struct Seen {
    last: Option<Arc<ReplicationInfo>>,
    /// Replication ids that this run of its process had before: it takes another when the first replica comes, or when none
    /// was there for an hour.
    before: Vec<String>,
    /// Its replication id when it was last seen as a primary, and since when it is none.
    demoted: Option<Demoted>,
}

struct Demoted {
    id: String,
    at: Instant,
}

/// So lately must it have been demoted for its data to be elsewhere: the look at all primaries comes once a second.
const LATELY: Duration = Duration::from_secs(3);
/// So many of its replication ids are remembered.
const REMEMBERED: usize = 8;

impl Primary {
    /// Prepares connections; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there can be no connection.
    pub(super) fn new(access: &Access, place: Option<HostPort>, to: To) -> Result<Arc<Self>, StoreError> {
        // Where others may take over.
        let expects = !matches!(to, To::Only(_));
        let (timeout, pool) = (access.timeout(), pool(access, to)?);
        let link = || Link::new(pool.clone(), timeout);
        Ok(Arc::new(Self {
            place,
            interactive: link(),
            background: link(),
            export: link(),
            operators: link(),
            waiting: Waiting::new(timeout),
            barrier: Barrier::new(link(), timeout, expects),
            seen: Mutex::default(),
        }))
    }

    /// The connection of a lane.
    pub(in crate::store) fn link(&self, lane: Lane) -> &Link {
        match lane {
            Lane::Interactive => &self.interactive,
            Lane::Background => &self.background,
            Lane::Export => &self.export,
            Lane::Operators => &self.operators,
        }
    }

    /// Lets a call wait for this primary; `None` if too many do. The second half of a call is never turned away.
    pub(in crate::store) fn try_acquire(&self, second_half: bool) -> Option<Permit<'_>> {
        self.waiting.try_acquire(second_half)
    }

    /// Notes whose data it has now. Where these are others than before, each connection is made anew.
    pub(in crate::store) fn saw(&self, found: &Arc<ReplicationInfo>) {
        if self.note(found) {
            self.forget();
        }
    }

    fn note(&self, found: &Arc<ReplicationInfo>) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.primary {
            seen.before.clear();
            let last = seen.last.take();
            if let Some(last) = &last {
                seen.demoted = Some(Demoted { id: last.id.clone(), at: Instant::now() });
            }
            return last.is_some();
        }
        self.barrier.note(found);
        let Some(last) = seen.last.replace(Arc::clone(found)).filter(|last| last.id != found.id) else {
            return false;
        };
        if last.run_id == found.run_id && !found.promoted() {
            seen.before.push(last.id.clone());
            let many = seen.before.len().saturating_sub(REMEMBERED);
            seen.before.drain(..many);
        } else {
            seen.before.clear();
        }
        true
    }

    /// Whether the server that has the replication id `now` is the one that had this `id`, and has lost nothing since.
    pub(in crate::store) fn had(&self, now: &str, id: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let last = || seen.last.as_ref().is_some_and(|last| last.id == now);
        now == id || (last() && seen.before.iter().any(|before| before == id))
    }

    /// Whether it was a primary with this replication id a moment ago, and is none any more.
    pub(in crate::store) fn was(&self, id: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last.is_none()
            && seen.demoted.as_ref().is_some_and(|demoted| demoted.at.elapsed() < LATELY && demoted.id == id)
    }

    fn links(&self) -> [&Link; 5] {
        [&self.interactive, &self.background, &self.export, &self.operators, self.barrier.link()]
    }

    /// Makes all connections anew with the next calls.
    pub(in crate::store) fn forget(&self) {
        self.links().iter().for_each(|link| link.forget());
    }

    /// Makes those connections anew that do not lead to `place`.
    pub(super) fn forget_but(&self, place: &HostPort) {
        self.links().iter().for_each(|link| link.forget_but(place));
    }

    /// Asks it whose data it has.
    pub(in crate::store) async fn look(&self) -> Result<Arc<ReplicationInfo>, StoreError> {
        let asked =
            self.background.within(|connection| async move { ReplicationInfo::ask(&mut connection.redis()).await });
        let found = Arc::new(asked.await?);
        self.saw(&found);
        Ok(found)
    }
}

impl std::fmt::Debug for Primary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Primary").field(&self.place).finish()
    }
}
