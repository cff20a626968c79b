//! One primary, and the ways to it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    StoreError,
    barrier::Barrier,
    connect::{Access, Kind, To, pool},
    lineage::Lineage,
    link::Link,
    server::Place,
    waiting::Waiting,
};

/// Over which of its connections a primary is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// For verdicts that a user waits for.
    Hot,
    /// For everything else, so that a batch of events never stands before a verdict.
    Background,
    /// For the export of events, which has a thread of its own: whoever makes a connection runs it.
    Exporting,
    /// For much that operators read, who have one too.
    Operators,
}

/// See the module.
pub(super) struct Node {
    /// Where it listens; `None` where there is but one.
    pub(super) place: Option<Place>,
    hot: Link,
    background: Link,
    exporting: Link,
    operators: Link,
    /// Calls that wait for it.
    pub(super) waiting: Waiting,
    /// Says when replicas have what was written.
    pub(super) barrier: Barrier,
    seen: Mutex<Seen>,
}

/// What was last seen of a primary.
#[derive(Default)]
struct Seen {
    last: Option<(Instant, Arc<Lineage>)>,
    /// Replication ids that this very process had before the one it has now, without having been a replica in between: it
    /// takes another when the first replica comes, or when none was there for an hour.
    before: Vec<String>,
    /// When it was last seen as a primary, and its replication id then, once it is none.
    was: Option<(Instant, String)>,
}

/// So lately must it have been seen for that to be sure: the look at all primaries comes once a second.
const LATELY: Duration = Duration::from_secs(3);
/// So many of its replication ids are remembered.
const REMEMBERED: usize = 8;

/// Where an answer came from.
#[derive(Clone)]
pub(super) struct Source {
    /// The server.
    pub(super) node: Arc<Node>,
    /// Whose data it had.
    pub(super) lineage: Arc<Lineage>,
}

impl Node {
    fn new(access: &Access, place: Option<Place>, to: To) -> Result<Arc<Self>, StoreError> {
        // Where others may take over.
        let expects = place.is_some() || matches!(to, To::Primary(_));
        let timeout = access.timeout();
        let kind = if place.is_some() { Kind::Member } else { Kind::Primary };
        let made = pool(access, to, kind)?;
        let link = || Link::new(made.clone(), timeout);
        Ok(Arc::new(Self {
            place,
            hot: link(),
            background: link(),
            exporting: link(),
            operators: link(),
            waiting: Waiting::new(timeout),
            barrier: Barrier::new(link(), timeout, expects),
            seen: Mutex::default(),
        }))
    }

    /// One of its connections.
    pub(super) fn link(&self, over: Over) -> &Link {
        match over {
            Over::Hot => &self.hot,
            Over::Background => &self.background,
            Over::Exporting => &self.exporting,
            Over::Operators => &self.operators,
        }
    }

    /// Notes whose data it has now; whether these are others than before.
    pub(super) fn saw(&self, lineage: &Arc<Lineage>) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !lineage.primary {
            seen.before.clear();
            let last = seen.last.take();
            let changed = last.is_some();
            if let Some((at, last)) = last {
                seen.was = Some((at, last.id.clone()));
            }
            return changed;
        }
        self.barrier.note(lineage);
        let before = seen.last.replace((Instant::now(), Arc::clone(lineage)));
        let changed = before.as_ref().is_some_and(|(_, before)| before.id != lineage.id);
        match before {
            Some(_) if !changed => {}
            Some((at, before)) if at.elapsed() < LATELY && before.run == lineage.run && !lineage.went_on() => {
                seen.before.push(before.id.clone());
                let many = seen.before.len().saturating_sub(REMEMBERED);
                seen.before.drain(..many);
            }
            _ => seen.before.clear(),
        }
        changed
    }

    /// Whether the server that has the replication id `now` is the one that had this `id`, and has lost nothing since.
    pub(super) fn had(&self, now: &str, id: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        now == id
            || (seen.last.as_ref().is_some_and(|(_, last)| last.id == now)
                && seen.before.iter().any(|before| before == id))
    }

    /// Whether it was a primary with this replication id a moment ago, and is none any more.
    pub(super) fn was(&self, id: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last.is_none() && seen.was.as_ref().is_some_and(|(at, was)| at.elapsed() < LATELY && was == id)
    }

    /// Makes all connections anew with the next calls, but those that lead to `place`.
    pub(super) fn forget_but(&self, place: &Place) {
        for link in [&self.hot, &self.background, &self.exporting, &self.operators, self.barrier.link()] {
            link.forget_but(place);
        }
    }

    /// Makes all connections anew with the next calls.
    pub(super) fn forget(&self) {
        for link in [&self.hot, &self.background, &self.exporting, &self.operators, self.barrier.link()] {
            link.forget();
        }
    }
}

/// The one server there is, or the primary that Sentinels know.
///
/// # Errors
/// [`StoreError::Unfit`] if there can be no connection, as for [`at`].
pub(super) fn only(access: &Access, to: To) -> Result<Arc<Node>, StoreError> {
    Node::new(access, None, to)
}

/// The server of a cluster at `place`.
///
/// # Errors
/// See [`only`].
pub(super) fn at(access: &Access, place: Place) -> Result<Arc<Node>, StoreError> {
    let to = To::Address(access.address(&place));
    Node::new(access, Some(place), to)
}

/// The way that questions about the servers themselves go.
pub(super) const ABOUT: Over = Over::Background;

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Source").field(&self.lineage.id).finish()
    }
}
