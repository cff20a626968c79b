//! What one connection is doing: written by its task, read by its watchdog and by whoever looks for the longest idle.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    task::Waker,
    time::Duration,
};

use tokio::time::Instant;

/// States from here on count requests in flight, and above those the ones whose bodies have not come yet; below it, the time
/// since when there is none.
const BUSY: u64 = 1 << 62;
const AWAITED: u64 = 1 << 32;
const EVICTED: u64 = u64::MAX;

/// What a connection is told from outside, each including the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    /// Go on.
    Serve,
    /// Answer what is in flight and close.
    Drain,
    /// Close.
    Drop,
}

/// Times are microseconds since `epoch`, plus one, so that 0 can mean never.
#[derive(Debug)]
pub(super) struct Activity {
    epoch: Instant,
    state: AtomicU64,
    awaited_since: AtomicU64,
    /// Bytes of bodies that have not come whole.
    unfinished: AtomicUsize,
    head_since: AtomicU64,
    record_since: AtomicU64,
    stalled_since: AtomicU64,
    untaken: AtomicUsize,
    taken_since: AtomicU64,
    in_body: AtomicBool,
    order: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// A connection that may be closed for a new one: nothing that it asked for is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spare {
    /// Since when nothing whole has come.
    pub(super) since: u64,
    /// Whether a part of a request has come: its head, and not yet its body.
    pub(super) in_body: bool,
    /// What it was doing, to the request.
    pub(super) state: u64,
}

/// The connection was evicted before its next request began, or had come whole.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed for a new one")]
pub(super) struct Evicted;

/// A request in flight, until its answer has been taken over by the connection.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Activity {
    pub(super) fn new(epoch: Instant) -> Self {
        let activity = Self {
            epoch,
            state: AtomicU64::new(0),
            awaited_since: AtomicU64::new(0),
            unfinished: AtomicUsize::new(0),
            head_since: AtomicU64::new(0),
            record_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(0),
            untaken: AtomicUsize::new(0),
            taken_since: AtomicU64::new(0),
            in_body: AtomicBool::new(false),
            order: AtomicU8::new(Order::Serve as u8),
            waker: Mutex::new(None),
        };
        activity.state.store(activity.now(), Relaxed);
        activity
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(BUSY).min(BUSY - 2) + 1
    }

    // ===== requests =====

    /// A request has come; of one that `awaits` its body, [`Activity::body_came`] is to be told.
    pub(super) fn begin(self: &Arc<Self>, awaits: bool) -> Result<InFlight, Evicted> {
        let more = if awaits { AWAITED + 1 } else { 1 };
        let next = |state| match state {
            EVICTED => None,
            idle if idle < BUSY => Some(BUSY + more),
            busy => Some(busy + more),
        };
        let now = self.now();
        match self.state.fetch_update(SeqCst, SeqCst, next) {
            Ok(before) => {
                if awaits && (before < BUSY || before - BUSY < AWAITED) {
                    self.awaited_since.store(now, SeqCst);
                }
                Ok(InFlight(Arc::clone(self)))
            }
            Err(_) => Err(Evicted),
        }
    }

    /// A body has come whole, or is not wanted any more. What it asks for may be done only if this says so.
    pub(super) fn body_came(&self) -> Result<(), Evicted> {
        self.awaited_since.store(self.now(), SeqCst);
        let next = |state| (state != EVICTED).then(|| state - AWAITED);
        self.state.fetch_update(SeqCst, SeqCst, next).map(drop).map_err(|_| Evicted)
    }

    fn end(&self) {
        let now = self.now();
        let next = |state| match state {
            EVICTED => None,
            busy => Some(if busy == BUSY + 1 { now } else { busy - 1 }),
        };
        let _ = self.state.fetch_update(SeqCst, SeqCst, next);
    }

    /// So many more bytes are held of a body that has not come whole; how many there are then in all.
    pub(super) fn hold(&self, bytes: usize) -> usize {
        self.unfinished.fetch_add(bytes, SeqCst) + bytes
    }

    /// They are no longer.
    pub(super) fn give_back(&self, bytes: usize) {
        self.unfinished.fetch_sub(bytes, SeqCst);
    }

    /// Since when no request is in flight.
    pub(super) fn idle_since(&self) -> Option<u64> {
        Some(self.state.load(SeqCst)).filter(|state| *state < BUSY)
    }

    /// Whether it may be closed for another: it has no request, or waits for the bodies of all that it has.
    pub(super) fn spare(&self) -> Option<Spare> {
        let state = self.state.load(SeqCst);
        match state {
            EVICTED => None,
            idle if idle < BUSY => Some(Spare { since: idle, in_body: false, state }),
            busy if (busy - BUSY) / AWAITED == busy % AWAITED => {
                Some(Spare { since: self.awaited_since.load(SeqCst), in_body: true, state })
            }
            _ => None,
        }
    }

    /// Closes the connection if it is still as it was when `spare` was seen. Nothing can begin on it afterwards.
    pub(super) fn evict(&self, spare: Spare) -> bool {
        let done =
            self.spare() == Some(spare) && self.state.compare_exchange(spare.state, EVICTED, SeqCst, SeqCst).is_ok();
        if done {
            self.wake();
        }
        done
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.state.load(SeqCst) == EVICTED
    }

    // ===== what the watchdog looks at =====

    pub(super) fn head_began(&self) {
        self.head_since.store(self.now(), Relaxed);
    }

    pub(super) fn head_ended(&self) {
        self.head_since.store(0, Relaxed);
    }

    /// Since when a head is incomplete, or 0.
    pub(super) fn head_since(&self) -> u64 {
        self.head_since.load(Relaxed)
    }

    pub(super) fn record_began(&self) {
        self.record_since.store(self.now(), Relaxed);
    }

    pub(super) fn record_ended(&self) {
        self.record_since.store(0, Relaxed);
    }

    /// Since when a handshake, a head or a TLS record is incomplete, or 0.
    pub(super) fn unfinished_since(&self) -> u64 {
        match (self.head_since(), self.record_since.load(Relaxed)) {
            (0, since) | (since, 0) => since,
            (head, record) => head.min(record),
        }
    }

    /// How long the head has taken so far that is incomplete; zero if none is.
    pub(super) fn head_took(&self) -> Duration {
        match self.head_since() {
            0 => Duration::ZERO,
            since => Duration::from_micros(self.now().saturating_sub(since)),
        }
    }

    /// HTTP/2: an answer waits for the peer's window.
    pub(super) fn handed_over(&self) {
        if self.untaken.fetch_add(1, SeqCst) == 0 {
            self.taken_since.store(self.now(), SeqCst);
        }
    }

    /// HTTP/2: an answer that waited went into the window, or was given up.
    pub(super) fn taken(&self) {
        if self.untaken.fetch_sub(1, SeqCst) > 1 {
            self.taken_since.store(self.now(), SeqCst);
        }
    }

    pub(super) fn write_stalled(&self, stalled: bool) {
        self.stalled_since.store(if stalled { self.now() } else { 0 }, Relaxed);
    }

    /// Since when the peer takes nothing of what we write, or 0.
    pub(super) fn stalled_since(&self) -> u64 {
        match self.stalled_since.load(Relaxed) {
            0 if self.untaken.load(SeqCst) > 0 => self.taken_since.load(SeqCst),
            since => since,
        }
    }

    pub(super) fn set_in_body(&self, in_body: bool) {
        self.in_body.store(in_body, Relaxed);
    }

    /// Whether an HTTP/1 peer still owes us a part of its request.
    pub(super) fn is_in_body(&self) -> bool {
        self.in_body.load(Relaxed)
    }

    // ===== orders =====

    pub(super) fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, SeqCst);
        self.wake();
    }

    pub(super) fn order(&self) -> Order {
        match self.order.load(SeqCst) {
            0 => Order::Serve,
            1 => Order::Drain,
            _ => Order::Drop,
        }
    }

    /// Who is woken by orders and eviction: the connection's task, before it looks at either.
    pub(super) fn wakes(&self, waker: &Waker) {
        let mut held = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.as_ref().is_some_and(|held| held.will_wake(waker)) {
            *held = Some(waker.clone());
        }
    }

    fn wake(&self) {
        let held = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = held {
            waker.wake();
        }
    }
}

impl InFlight {
    pub(super) fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_only_between_its_requests() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let first = activity.begin(false).unwrap();
        let second = activity.begin(false).unwrap();
        assert_eq!(activity.idle_since(), None);
        drop(first);
        assert_eq!(activity.idle_since(), None);
        drop(second);
        assert!(activity.idle_since().is_some());
    }

    #[tokio::test]
    async fn eviction_and_the_next_request_exclude_each_other() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let idle = activity.spare().unwrap();
        let request = activity.begin(false).unwrap();
        assert!(!activity.evict(idle) && activity.spare().is_none(), "busy");
        drop(request);
        let idle = activity.spare().unwrap();
        assert!(activity.evict(idle) && activity.is_evicted());
        assert!(activity.begin(false).is_err());
        assert!(!activity.evict(idle), "once");
    }

    #[tokio::test]
    async fn who_waits_for_bodies_alone_may_go_and_what_came_whole_is_done() {
        let activity = Arc::new(Activity::new(Instant::now()));
        let slow = activity.begin(true).unwrap();
        assert!(activity.spare().is_some_and(|spare| spare.in_body));
        let whole = activity.begin(false).unwrap();
        assert_eq!(activity.spare(), None, "something is being done");
        drop(whole);
        let spare = activity.spare().unwrap();
        assert!(activity.body_came().is_ok());
        assert!(!activity.evict(spare) && activity.spare().is_none(), "now this is");
        drop(slow);
        assert!(activity.idle_since().is_some());

        let slow = activity.begin(true).unwrap();
        assert!(activity.evict(activity.spare().unwrap()));
        assert!(activity.body_came().is_err(), "nothing of it may be done");
        drop(slow);
        assert!(activity.is_evicted());
    }
}
