//! A link: one shared, multiplexed connection, made by the pool and replaced when it breaks.
//!
//! The pool makes connections and bounds how long that takes; what it made is taken out of it for good and shared by
//! cloning, because a pool's check-out sends a PING before each call and halves the throughput. Nobody waits in line: a
//! call that finds no connection tries to make one, others wait for that try within their own deadline, and between
//! tries calls fail at once.

use std::{
    future::Future,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool::managed::{Object, Pool, PoolError};
use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;

use super::{
    StoreError,
    connect::{Connected, Dial},
    lineage::Lineage,
    server::Place,
};

/// Shortest and longest pause between two tries to connect: at most 14 tries a second, so that the links of a sidecar, of
/// which all but one have no more than three calls a second, stay below 20; and a server that is back is found within half a second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(75), Duration::from_millis(500));

/// See the module.
pub(super) struct Link {
    pool: Pool<Dial>,
    timeout: Duration,
    shared: RwLock<Option<Shared>>,
    tries: Mutex<Tries>,
    started: Instant,
    last_answer: AtomicU64,
    /// Whether a connection was of use since the last try to connect.
    proven: AtomicBool,
    serials: AtomicU64,
    /// How often it was told to forget its connection, so that one that is being made meanwhile is not kept.
    forgotten: AtomicU64,
}

#[derive(Clone)]
struct Shared {
    way: Way,
    /// Where it leads, where that may change.
    place: Option<Place>,
    serial: u64,
}

/// A connection, as a call gets it.
#[derive(Clone)]
pub(super) struct Way {
    /// To ask over.
    pub(super) connection: MultiplexedConnection,
    lineage: Arc<RwLock<Option<Arc<Lineage>>>>,
    /// The buckets that were found at home over this connection, a bit each ([`super::home`]).
    pub(super) at_home: Arc<AtomicU64>,
    /// Held by whoever looks for them.
    pub(super) looking: Arc<Mutex<()>>,
}

impl Way {
    fn new(connection: MultiplexedConnection) -> Self {
        Self { connection, lineage: Arc::default(), at_home: Arc::default(), looking: Arc::default() }
    }

    /// Whose data it leads to, as it was when last asked over it; `None` before.
    pub(super) fn lineage(&self) -> Option<Arc<Lineage>> {
        self.lineage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks over it whose data it leads to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn ask_lineage(&self) -> Result<Arc<Lineage>, StoreError> {
        let lineage = Arc::new(Lineage::ask(&mut self.connection.clone()).await?);
        *self.lineage.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&lineage));
        Ok(lineage)
    }
}

struct Tries {
    pause: Duration,
    not_before: Option<Instant>,
}

impl Link {
    /// A link over `pool`; each call, connecting included, takes at most `timeout`.
    pub(super) fn new(pool: Pool<Dial>, timeout: Duration) -> Self {
        Self {
            pool,
            timeout,
            shared: RwLock::new(None),
            tries: Mutex::new(Tries { pause: BACKOFF.0, not_before: None }),
            started: Instant::now(),
            last_answer: AtomicU64::new(0),
            proven: AtomicBool::new(false),
            serials: AtomicU64::new(1),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Runs `work` on the shared connection, within the link's time-out.
    ///
    /// # Errors
    /// [`StoreError`]; after [`StoreError::TimedOut`] and [`StoreError::Disconnected`] the work may have been done.
    pub(super) async fn run<T, F>(&self, work: impl FnOnce(Way) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.run_within(self.timeout, work).await
    }

    /// The same within another time.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub(super) async fn run_within<T, F>(&self, time: Duration, work: impl FnOnce(Way) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let begun = self.clock();
        let mut used = None;
        let attempt = async {
            let shared = self.shared().await?;
            used = Some(shared.serial);
            let answer = work(shared.way).await;
            if !matches!(answer, Err(StoreError::Disconnected | StoreError::TimedOut)) {
                self.last_answer.store(self.clock(), Ordering::Relaxed);
            }
            if !answer.as_ref().is_err_and(StoreError::breaks_connection) {
                self.proven.store(true, Ordering::Relaxed);
            }
            answer
        };
        let answer = tokio::time::timeout(time, attempt).await.unwrap_or(Err(StoreError::TimedOut));
        if let (Err(error), Some(serial)) = (&answer, used) {
            // A slow answer among others that came is no reason to drop a connection that works.
            let silent = self.last_answer.load(Ordering::Relaxed) < begun;
            if error.breaks_connection() && (*error != StoreError::TimedOut || silent) {
                self.drop_connection(serial);
            }
        }
        answer
    }

    async fn shared(&self) -> Result<Shared, StoreError> {
        match self.current() {
            Some(shared) => Ok(shared),
            // Seldom: no call carries room for it.
            None => Box::pin(self.connect()).await,
        }
    }

    async fn connect(&self) -> Result<Shared, StoreError> {
        let mut tries = self.tries.lock().await;
        if let Some(shared) = self.current() {
            return Ok(shared);
        }
        if tries.not_before.is_some_and(|at| Instant::now() < at) {
            return Err(StoreError::Disconnected);
        }
        // A server that takes connections and ends them is no better than one that takes none.
        if self.proven.swap(false, Ordering::Relaxed) {
            tries.pause = BACKOFF.0;
        }
        // Set first: if the caller's deadline ends this try half-way, the pause holds all the same.
        tries.not_before = Some(Instant::now() + tries.pause);
        tries.pause = (tries.pause * 2).min(BACKOFF.1);
        let forgotten = self.forgotten.load(Ordering::Acquire);
        let Connected { connection, place } = Object::take(self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(_) => StoreError::TimedOut,
            _ => StoreError::Disconnected,
        })?);
        let shared = Shared { way: Way::new(connection), place, serial: self.serials.fetch_add(1, Ordering::Relaxed) };
        let mut kept = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        if self.forgotten.load(Ordering::Acquire) != forgotten {
            // It may lead to where nobody is to be asked any more.
            tries.not_before = None;
            return Err(StoreError::Disconnected);
        }
        *kept = Some(shared.clone());
        Ok(shared)
    }

    /// Whether a call would fail for want of a connection, as far as is known without trying.
    pub(super) fn down(&self) -> bool {
        self.current().is_none()
            && self.tries.try_lock().is_ok_and(|tries| tries.not_before.is_some_and(|at| Instant::now() < at))
    }

    fn current(&self) -> Option<Shared> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a new connection with the next call: this one leads to where nobody should be asked any more.
    pub(super) fn forget(&self) {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        // One that worked may be followed by another at once.
        if shared.take().is_some()
            && let Ok(mut tries) = self.tries.try_lock()
        {
            tries.not_before = None;
        }
    }

    /// [`Link::forget`] of a connection that leads elsewhere than to `place`. One that is just being made is for the next
    /// time.
    pub(super) fn forget_but(&self, place: &Place) {
        if self.current().is_some_and(|shared| shared.place.as_ref() != Some(place)) {
            self.forget();
        }
    }

    fn drop_connection(&self, serial: u64) {
        let mut shared = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        if shared.as_ref().is_some_and(|s| s.serial == serial) {
            *shared = None;
        }
    }

    /// Microseconds since this link was made, never 0.
    fn clock(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(…)")
    }
}
