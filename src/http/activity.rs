//! What one connection is doing: written by its task, read by whoever looks which took too long, and which may go for a new
//! one.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    task::Waker,
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::limits::Limits;

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

/// Times are [`now`], or 0 for never.
#[derive(Debug, Default)]
pub(super) struct Activity {
    state: AtomicU64,
    awaited_since: AtomicU64,
    /// Bytes of bodies that have not come whole.
    unfinished: AtomicUsize,
    head_since: AtomicU64,
    linger_since: AtomicU64,
    stalled_since: AtomicU64,
    untaken: AtomicUsize,
    taken_since: AtomicU64,
    left_body: AtomicBool,
    order: AtomicU8,
    waker: AtomicWaker,
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

/// The time by the process's own clock, which only goes forward: microseconds, at least 1.
pub(super) fn now() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(BEGAN.elapsed().as_micros()).unwrap_or(BUSY).min(BUSY - 2) + 1
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { state: now().into(), ..Self::default() }
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
        let before = self.state.fetch_update(SeqCst, SeqCst, next).map_err(|_| Evicted)?;
        if awaits && (before < BUSY || before - BUSY < AWAITED) {
            self.awaited_since.store(now(), SeqCst);
        }
        self.head_ended();
        self.left_body.store(false, Relaxed);
        Ok(InFlight(Arc::clone(self)))
    }

    /// A body has come whole, or is not wanted any more. What it asks for may be done only if this says so.
    pub(super) fn body_came(&self) -> Result<(), Evicted> {
        let next = |state| (state != EVICTED).then(|| state - AWAITED);
        let before = self.state.fetch_update(SeqCst, SeqCst, next).map_err(|_| Evicted)?;
        if before - BUSY >= 2 * AWAITED {
            self.awaited_since.store(now(), SeqCst);
        }
        Ok(())
    }

    fn end(&self) {
        let now = now();
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
            self.tell(Order::Drop);
        }
        done
    }

    // ===== clocks =====

    /// Bytes came: a head's, if no request is in flight.
    pub(super) fn heard(&self) {
        if self.head_since.load(Relaxed) == 0 && self.state.load(SeqCst) < BUSY {
            self.head_began();
        }
    }

    pub(super) fn head_began(&self) {
        self.head_since.store(now(), Relaxed);
    }

    pub(super) fn head_ended(&self) {
        self.head_since.store(0, Relaxed);
    }

    /// A request was answered before all of it had come.
    pub(super) fn leaves_body(&self) {
        self.left_body.store(true, Relaxed);
    }

    /// Whether an HTTP/1 peer still owes us a part of what it began.
    pub(super) fn owes(&self) -> bool {
        self.left_body.load(Relaxed) || self.head_since.load(Relaxed) > 0
    }

    /// All is said; what the peer still sends is forgotten.
    pub(super) fn linger_began(&self) {
        self.linger_since.store(now(), Relaxed);
    }

    pub(super) fn lingers(&self) -> bool {
        self.linger_since.load(Relaxed) > 0
    }

    /// HTTP/2: an answer waits for the peer's window.
    pub(super) fn handed_over(&self) {
        if self.untaken.fetch_add(1, SeqCst) == 0 {
            self.taken_since.store(now(), SeqCst);
        }
    }

    /// HTTP/2: an answer that waited went into the window, or was given up.
    pub(super) fn taken(&self) {
        if self.untaken.fetch_sub(1, SeqCst) > 1 {
            self.taken_since.store(now(), SeqCst);
        }
    }

    pub(super) fn write_stalled(&self, stalled: bool) {
        self.stalled_since.store(if stalled { now() } else { 0 }, Relaxed);
    }

    /// Since when the peer takes nothing of what we write, or 0.
    fn stalled_since(&self) -> u64 {
        match self.stalled_since.load(Relaxed) {
            0 if self.untaken.load(SeqCst) > 0 => self.taken_since.load(SeqCst),
            since => since,
        }
    }

    /// What is to be done at the time `now` about something that takes too long: a connection that was only idle ends
    /// politely, if it does so at once.
    pub(super) fn overdue(&self, now: u64, limits: &Limits) -> Option<Order> {
        let over = |since: u64, time: Duration| since > 0 && Duration::from_micros(now.saturating_sub(since)) >= time;
        if over(self.stalled_since(), limits.write_timeout) || over(self.linger_since.load(Relaxed), limits.linger) {
            return Some(Order::Drop);
        }
        let idle = self.idle_since()?;
        match self.head_since.load(Relaxed) {
            // A head may lie waiting behind the request before it, which is no fault of its sender.
            head if over(head, limits.head_timeout) && over(idle, limits.head_timeout) => Some(Order::Drop),
            0 if over(idle, limits.idle_timeout) => Some(match self.order() {
                Order::Serve => Order::Drain,
                Order::Drain | Order::Drop => Order::Drop,
            }),
            _ => None,
        }
    }

    // ===== orders =====

    pub(super) fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, SeqCst);
        self.waker.wake();
    }

    pub(super) fn order(&self) -> Order {
        match self.order.load(SeqCst) {
            0 => Order::Serve,
            1 => Order::Drain,
            _ => Order::Drop,
        }
    }

    /// Who is woken by orders: the connection's task, before it looks at them.
    pub(super) fn wakes(&self, waker: &Waker) {
        self.waker.register(waker);
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
