//! A link: one shared, multiplexed connection, made by the pool and replaced when it breaks.
//!
//! The pool makes connections and bounds how long that takes; what it made is taken out of it for good and shared by
//! cloning, because a pool's check-out sends a PING before each call and halves the throughput. Nobody waits in line: a
//! call that finds no connection tries to make one, others wait for that try within their own deadline, and between
//! tries calls fail at once, with what the last try said.

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
use tokio::sync::{Mutex, MutexGuard};

use super::{
    dial::{Dial, Dialled},
    host_port::HostPort,
};
use crate::{
    event::Bucket,
    store::{StoreError, failover::ReplicationInfo, reason::SILENT},
};

/// Shortest and longest pause between two tries to connect: at most 14 tries a second, so that the links of a sidecar, of
/// which all but one have no more than three calls a second, stay below 20; and a server that is back is found within half a second.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(75), Duration::from_millis(500));

/// A link keeps one connection.
pub(in crate::store) struct Link {
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
    connection: Connection,
    /// Where it leads, where that may change.
    place: Option<HostPort>,
    serial: u64,
}

struct Tries {
    pause: Duration,
    not_before: Option<Instant>,
    failed: StoreError,
}

/// A connection, as a call gets it.
#[derive(Clone)]
pub(in crate::store) struct Connection {
    redis: MultiplexedConnection,
    known: Arc<Known>,
}

/// What is known of the server at the other end.
#[derive(Default)]
struct Known {
    replication: RwLock<Option<Arc<ReplicationInfo>>>,
    /// The buckets whose owner it was verified to be, a bit each.
    owned: AtomicU64,
    verifying: Mutex<()>,
    /// Whether it came on since somebody last waited in vain: it was made, or had an answer to what is asked before the first call.
    /// Where the server is far away, all of that takes longer than one call may, and the next one goes on from there.
    came_on: AtomicBool,
}

impl Connection {
    /// The client's handle.
    pub(in crate::store) fn redis(&self) -> MultiplexedConnection {
        self.redis.clone()
    }

    /// Whose data it leads to, as it was when last asked over it; `None` before.
    pub(in crate::store) fn replication(&self) -> Option<Arc<ReplicationInfo>> {
        self.known.replication.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks over it whose data it leads to.
    pub(in crate::store) async fn ask_replication(&self) -> Result<Arc<ReplicationInfo>, StoreError> {
        let found = Arc::new(ReplicationInfo::ask(&mut self.redis()).await?);
        *self.known.replication.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        self.known.came_on.store(true, Ordering::Relaxed);
        Ok(found)
    }

    /// Whether the server was verified to own this bucket.
    pub(in crate::store) fn owns(&self, bucket: Bucket) -> bool {
        self.known.owned.load(Ordering::Acquire) & (1 << bucket.number()) != 0
    }

    /// Whether it was verified to own any.
    pub(in crate::store) fn owns_any(&self) -> bool {
        self.known.owned.load(Ordering::Acquire) != 0
    }

    /// Notes that it owns this bucket, or no more: then it is verified anew when the bucket comes back.
    pub(in crate::store) fn set_owned(&self, bucket: Bucket, owned: bool) {
        let bit = 1 << bucket.number();
        if owned {
            self.known.owned.fetch_or(bit, Ordering::AcqRel);
            self.known.came_on.store(true, Ordering::Relaxed);
        } else {
            self.known.owned.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Held by whoever verifies.
    pub(in crate::store) async fn verifying(&self) -> MutexGuard<'_, ()> {
        self.known.verifying.lock().await
    }
}

impl Link {
    /// Prepares a link over `pool`; each call, connecting included, takes at most `timeout`.
    pub(super) fn new(pool: Pool<Dial>, timeout: Duration) -> Self {
        Self {
            pool,
            timeout,
            shared: RwLock::new(None),
            tries: Mutex::new(Tries { pause: BACKOFF.0, not_before: None, failed: StoreError::Disconnected }),
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
    pub(in crate::store) async fn within<T, F>(&self, work: impl FnOnce(Connection) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        self.within_time(self.timeout, work).await
    }

    /// The same within another time.
    pub(in crate::store) async fn within_time<T, F>(
        &self,
        time: Duration,
        work: impl FnOnce(Connection) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let begun = self.clock();
        let mut used = None;
        let attempt = async {
            let shared = match self.current() {
                Some(shared) => shared,
                // Seldom: no call carries room for it.
                None => Box::pin(self.connect()).await?,
            };
            used = Some(shared.serial);
            let answer = work(shared.connection).await;
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
            let silent = self.last_answer.load(Ordering::Relaxed) < begun && !self.came_on(serial);
            if error.breaks_connection() && (*error != StoreError::TimedOut || silent) {
                self.drop_connection(serial);
            }
        }
        answer
    }

    async fn connect(&self) -> Result<Shared, StoreError> {
        let mut tries = self.tries.lock().await;
        if let Some(shared) = self.current() {
            return Ok(shared);
        }
        if tries.not_before.is_some_and(|at| Instant::now() < at) {
            return Err(tries.failed.clone());
        }
        // A server that takes connections and ends them is no better than one that takes none.
        if self.proven.swap(false, Ordering::Relaxed) {
            tries.pause = BACKOFF.0;
        }
        // Set first: if the caller's deadline ends this try half-way, the pause holds all the same.
        tries.not_before = Some(Instant::now() + tries.pause);
        tries.pause = (tries.pause * 2).min(BACKOFF.1);
        tries.failed = StoreError::Unreachable(SILENT.into());
        let forgotten = self.forgotten.load(Ordering::Acquire);
        let made = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            _ => StoreError::Unreachable(SILENT.into()),
        });
        tries.failed = made.as_ref().err().cloned().unwrap_or(StoreError::Disconnected);
        let Dialled { redis, place } = Object::take(made?);
        let known = Arc::new(Known { came_on: true.into(), ..Known::default() });
        let connection = Connection { redis, known };
        let shared = Shared { connection, place, serial: self.serials.fetch_add(1, Ordering::Relaxed) };
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
    pub(in crate::store) fn down(&self) -> bool {
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

    /// Forgets a connection that leads elsewhere than to `place`. One that is just being made is for the next time.
    pub(super) fn forget_but(&self, place: &HostPort) {
        if self.current().is_some_and(|shared| shared.place.as_ref() != Some(place)) {
            self.forget();
        }
    }

    fn came_on(&self, serial: u64) -> bool {
        let current = self.current().filter(|shared| shared.serial == serial);
        current.is_some_and(|shared| shared.connection.known.came_on.swap(false, Ordering::Relaxed))
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
