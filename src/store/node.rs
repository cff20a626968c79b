//! One primary, and the ways to it.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use super::{
    StoreError,
    barrier::Barrier,
    connect::{Access, Kind, To, pool},
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
}

/// See the module.
pub(super) struct Node {
    /// Where it listens; `None` where there is but one.
    pub(super) place: Option<Place>,
    hot: Link,
    background: Link,
    exporting: Link,
    /// Calls that wait for it.
    pub(super) waiting: Waiting,
    /// Says when replicas have what was written.
    pub(super) barrier: Barrier,
    /// When it was last looked at, and the replication id that it had.
    pub(super) seen: Mutex<Option<(Instant, String)>>,
}

impl Node {
    fn new(access: &Access, place: Option<Place>, to: To) -> Result<Arc<Self>, StoreError> {
        let timeout = access.timeout();
        let kind = if place.is_some() { Kind::Member } else { Kind::Primary };
        let made = pool(access, to, kind)?;
        let link = || Link::new(made.clone(), timeout);
        Ok(Arc::new(Self {
            place,
            hot: link(),
            background: link(),
            exporting: link(),
            waiting: Waiting::new(timeout),
            barrier: Barrier::new(link(), timeout),
            seen: Mutex::default(),
        }))
    }

    /// One of its connections.
    pub(super) fn link(&self, over: Over) -> &Link {
        match over {
            Over::Hot => &self.hot,
            Over::Background => &self.background,
            Over::Exporting => &self.exporting,
        }
    }

    /// Makes all connections anew with the next calls.
    pub(super) fn forget(&self) {
        for link in [&self.hot, &self.background, &self.exporting, self.barrier.link()] {
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
