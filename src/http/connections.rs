//! The open connections of one listener: how many there may be, and which one goes when there are too many.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::sleep};

use super::{
    activity::{Activity, Order, Spare, now},
    code::Code,
    limits::Limits,
};

/// How many of those that may go are remembered when all are looked through, so that a flood of new connections looks
/// through all only once per this many.
const REMEMBERED: usize = 128;

/// Who is idle for longer goes before whoever sends a body. A newcomer has that long to say what it wants: else newcomers
/// would close each other where all others send bodies slowly.
const SETTLED: Duration = Duration::from_secs(1);

/// Open connections and counts of them. Reading the counts takes no lock.
#[derive(Debug)]
pub struct Connections {
    cap: usize,
    slots: Mutex<Slots>,
    emptied: Notify,
    open: AtomicUsize,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    evicted: AtomicU64,
    refused: AtomicU64,
    malformed_heads: AtomicU64,
    too_large_heads: AtomicU64,
    failed_handshakes: AtomicU64,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    open: HashMap<u64, Arc<Activity>>,
    /// Which were to go first when last looked through; who did something since then is no longer as it was.
    first: VecDeque<Candidate>,
}

/// A connection that may be closed for a new one.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    number: u64,
    spare: Spare,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    number: u64,
    connections: Arc<Connections>,
    activity: Arc<Activity>,
}

impl Connections {
    /// At most `cap` connections at once (`OTP_MAX_CONNECTIONS`), at least 1.
    pub fn new(cap: usize) -> Arc<Self> {
        let (slots, emptied, open) = (Mutex::default(), Notify::new(), AtomicUsize::new(0));
        Arc::new(Self { cap: cap.max(1), slots, emptied, open, counts: Counts::default() })
    }

    /// How many are open now.
    pub fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// How many were accepted and served since start.
    pub fn accepted(&self) -> u64 {
        self.counts.accepted.load(Relaxed)
    }

    /// How many were closed for new ones since start.
    pub fn evicted(&self) -> u64 {
        self.counts.evicted.load(Relaxed)
    }

    /// How many were closed at once since start, because all others were busy.
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Relaxed)
    }

    /// How many heads were refused before any handler saw them, by code, since this was last asked.
    pub fn take_refused_heads(&self) -> [(Code, u64); 2] {
        [(Code::Malformed, &self.counts.malformed_heads), (Code::HeadersTooLarge, &self.counts.too_large_heads)]
            .map(|(code, count)| (code, count.swap(0, Relaxed)))
    }

    /// How many TLS handshakes failed because of what was said in them, since this was last asked.
    pub fn take_failed_handshakes(&self) -> u64 {
        self.counts.failed_handshakes.swap(0, Relaxed)
    }

    /// Has all that are open now answer what is in flight on them and close, and drops those that did not within `time`.
    /// Those that come after are not concerned.
    pub async fn renew(&self, time: Duration) {
        let open: Vec<_> = self.slots().open.values().cloned().collect();
        open.iter().for_each(|activity| activity.tell(Order::Drain));
        sleep(time).await;
        open.iter().for_each(|activity| activity.tell(Order::Drop));
    }

    pub(super) fn handshake_failed(&self) {
        self.counts.failed_handshakes.fetch_add(1, Relaxed);
    }

    pub(super) fn head_refused(&self, code: Code) {
        let count =
            if code == Code::HeadersTooLarge { &self.counts.too_large_heads } else { &self.counts.malformed_heads };
        count.fetch_add(1, Relaxed);
    }

    /// Ends what takes too long.
    pub(super) fn sweep(&self, limits: &Limits) {
        let now = now();
        for activity in self.slots().open.values() {
            if let Some(order) = activity.overdue(now, limits) {
                activity.tell(order);
            }
        }
    }

    /// A place for a new connection; `None` if all are taken and for each something is being done.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Lease> {
        let mut slots = self.slots();
        if slots.open.len() >= self.cap && !self.evict(&mut slots) {
            self.counts.refused.fetch_add(1, Relaxed);
            return None;
        }
        let number = slots.next;
        slots.next += 1;
        let activity = Arc::new(Activity::new());
        slots.open.insert(number, Arc::clone(&activity));
        self.open.store(slots.open.len(), SeqCst);
        self.counts.accepted.fetch_add(1, Relaxed);
        Some(Lease { number, connections: Arc::clone(self), activity })
    }

    /// Closes the longest idle connection, else the one whose body is the slowest; `false` if there is neither.
    pub(super) fn evict_one(&self) -> bool {
        self.evict(&mut self.slots())
    }

    pub(super) fn tell_all(&self, order: Order) {
        self.slots().open.values().for_each(|activity| activity.tell(order));
    }

    /// Waits until none is open.
    pub(super) async fn emptied(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.open.load(SeqCst) == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn evict(&self, slots: &mut Slots) -> bool {
        let evicted = slots.evict_remembered() || {
            slots.remember_first(now());
            slots.evict_remembered()
        };
        if evicted {
            self.counts.evicted.fetch_add(1, Relaxed);
            self.open.store(slots.open.len(), SeqCst);
        }
        evicted
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn evict_remembered(&mut self) -> bool {
        while let Some(Candidate { number, spare }) = self.first.pop_front() {
            if self.open.get(&number).is_some_and(|activity| activity.evict(spare)) {
                self.open.remove(&number);
                return true;
            }
        }
        false
    }

    fn remember_first(&mut self, now: u64) {
        let candidate = |(number, activity): (&u64, &Arc<Activity>)| {
            activity.spare().map(|spare| Candidate { number: *number, spare })
        };
        let mut all: Vec<_> = self.open.iter().filter_map(candidate).collect();
        let rank = |candidate: &Candidate| candidate.rank(now);
        if all.len() > REMEMBERED {
            all.select_nth_unstable_by_key(REMEMBERED, rank);
            all.truncate(REMEMBERED);
        }
        all.sort_unstable_by_key(rank);
        self.first = all.into();
    }
}

impl Candidate {
    /// The least goes first: who is idle and had time to say something, then whoever took longest.
    fn rank(&self, now: u64) -> (bool, u64, u64) {
        let settled = Duration::from_micros(now.saturating_sub(self.spare.since)) >= SETTLED;
        (self.spare.in_body || !settled, self.spare.since, self.number)
    }
}

impl Lease {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    pub(super) const fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut slots = self.connections.slots();
        slots.open.remove(&self.number);
        self.connections.open.store(slots.open.len(), SeqCst);
        if slots.open.is_empty() {
            self.connections.emptied.notify_waiters();
        }
    }
}
