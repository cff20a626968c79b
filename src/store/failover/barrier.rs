//! The barrier: says when replicas have what a primary was told before.
//!
//! `WAIT` holds up everything behind it on its connection, and on a connection that wrote nothing it proves nothing. So each
//! primary has one connection that does nothing else: whoever must know gathers here, one small write and one `WAIT` speak
//! for all who have gathered, and who comes meanwhile is in the next round.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::Value;
use tokio::sync::oneshot;

use super::{
    replicas::{Replica, Replicas},
    replication::{ReplicationInfo, question},
};
use crate::{
    event::Bucket,
    store::{
        StoreError,
        connection::Link,
        functions::{BARRIER, load, unknown_function},
        key::OfBucket,
    },
};

/// How long the barrier's own key stays.
const KEPT_MS: u32 = 60_000;
/// So many more buckets are tried where those that were written to are on their way to another server.
const SPARES: usize = 4;
/// Between two tries to reach the primary.
const AGAIN: Duration = Duration::from_millis(20);

/// A barrier asks one primary, round after round.
pub(in crate::store) struct Barrier {
    link: Link,
    timeout: Duration,
    gathered: Mutex<Gathered>,
    replicas: Replicas,
}

#[derive(Default)]
struct Gathered {
    going: bool,
    waiters: Vec<Waiter>,
}

/// Who must know, of which write, and who must have it.
pub(super) struct Waiter {
    pub(super) write: Write,
    pub(super) who: Who,
    pub(super) tell: oneshot::Sender<Result<(), StoreError>>,
}

/// A write that is to be confirmed.
#[derive(Debug, Clone)]
pub(super) struct Write {
    /// Its bucket.
    pub(super) bucket: Bucket,
    /// Another one of the server that is asked, if it has more.
    pub(super) spare: Option<Bucket>,
    /// The replication id of the server that carried it out.
    pub(super) id: String,
    /// Whether that is another primary than the one that is asked, from which the bucket has come since, with all that is in
    /// it.
    pub(super) moved: bool,
}

/// What is asked for.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Who {
    pub(super) replica: Replica,
    pub(super) disk: bool,
}

/// What a round has found.
pub(super) struct Found {
    pub(super) replication: Arc<ReplicationInfo>,
    replica: bool,
    disk: bool,
}

impl Found {
    /// Whether whoever must has this write; `same`: the server that was asked has the data of the one that carried it out.
    pub(super) fn has(&self, write: &Write, who: Who, same: bool) -> bool {
        // What a server has that was promoted over the writer's data need not be all of it.
        let same = same || (write.moved && self.replication.replid2 != write.id);
        let Self { replication, replica, disk } = self;
        replication.primary && same && (*replica || who.replica == Replica::No) && (*disk || !who.disk)
    }
}

impl Barrier {
    /// Prepares a barrier over a connection of its own.
    pub(in crate::store) fn new(link: Link, timeout: Duration, expects: bool) -> Self {
        Self { link, timeout, gathered: Mutex::default(), replicas: Replicas::new(expects) }
    }

    /// Its connection.
    pub(in crate::store) fn link(&self) -> &Link {
        &self.link
    }

    /// Notes how many replicas the primary has now.
    pub(in crate::store) fn note(&self, found: &ReplicationInfo) {
        self.replicas.note(found);
    }

    /// Whether a replica must have what was written under this replication id.
    pub(super) fn needed(&self, id: &str) -> Replica {
        self.replicas.needed(id)
    }

    /// How long one round takes at most.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Has somebody wait for the next round; whether nobody runs the rounds.
    pub(super) fn gather(&self, waiter: Waiter) -> bool {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.waiters.push(waiter);
        !std::mem::replace(&mut gathered.going, true)
    }

    /// Those who wait for the next round; `None` if nobody does, and then nobody runs it any more.
    pub(super) fn gathered(&self) -> Option<Vec<Waiter>> {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.going = !gathered.waiters.is_empty();
        gathered.going.then(|| std::mem::take(&mut gathered.waiters))
    }

    /// Asks for all of these. A connection that turns out to be broken is made anew: to ask twice does no harm.
    pub(super) async fn round(&self, waiters: &[Waiter]) -> Result<Found, StoreError> {
        let who = waiters.iter().fold(Who::default(), |all, Waiter { who, .. }| Who {
            replica: all.replica.max(who.replica),
            disk: all.disk || who.disk,
        });
        let spares = waiters.iter().filter_map(|waiter| waiter.write.spare).take(SPARES);
        let mut buckets: Vec<Bucket> = waiters.iter().map(|waiter| waiter.write.bucket).chain(spares).collect();
        buckets.sort_unstable();
        buckets.dedup();
        let until = Instant::now() + self.timeout;
        let mut buckets = buckets.into_iter();
        let mut bucket = buckets.next().ok_or(StoreError::Unconfirmed)?;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.ask(bucket, who, left).await {
                Err(StoreError::Disconnected | StoreError::Unreachable(_)) if left > AGAIN * 2 => {
                    tokio::time::sleep(AGAIN).await;
                }
                Err(StoreError::TimedOut) => return Err(StoreError::Unconfirmed),
                // Any bucket of this server will do: it is the connection that is waited for.
                Err(error @ StoreError::Elsewhere(_)) => bucket = buckets.next().ok_or(error)?,
                answer => return answer,
            }
        }
    }

    async fn ask(&self, bucket: Bucket, who: Who, left: Duration) -> Result<Found, StoreError> {
        // Answered before the time-out of the call itself.
        let time = u64::try_from((left * 7 / 8).as_millis()).unwrap_or(u64::MAX).max(1);
        let mut asking = redis::pipe();
        // Even where memory is full: what frees some is to be confirmed as well.
        asking.add_command(BARRIER.call(&[OfBucket::Barrier.key(bucket).into_bytes()], None)).arg(KEPT_MS).ignore();
        if who.replica == Replica::Yes {
            asking.cmd("WAIT").arg(1).arg(time);
        }
        if who.disk {
            asking.cmd("WAITAOF").arg(1).arg(0).arg(time);
        }
        // Last: whose data they were that have been waited for.
        asking.add_command(question());
        let answers = self.link.within_time(left, |connection| async move {
            let mut redis = connection.redis();
            let mut answers = match asking.query_async::<Vec<Value>>(&mut redis).await {
                Err(error) if unknown_function(&error) => {
                    load(&mut redis).await?;
                    asking.query_async::<Vec<Value>>(&mut redis).await?
                }
                answers => answers?,
            };
            if who.replica == Replica::IfAny {
                let found = read(answers.last())?;
                self.note(&found);
                let replicas = match found.replicas {
                    0 => Value::Int(1),
                    _ => redis::cmd("WAIT").arg(1).arg(time).query_async(&mut redis).await?,
                };
                answers.insert(0, replicas);
            }
            Ok(answers)
        });
        let (mut replica, mut disk, mut found) = (false, false, None);
        for answer in answers.await? {
            match answer {
                Value::Int(replicas) => replica = replicas >= 1,
                Value::Array(both) => disk = matches!(both.first(), Some(Value::Int(local)) if *local >= 1),
                answer => found = Some(Arc::new(read(Some(&answer))?)),
            }
        }
        Ok(Found { replication: found.ok_or(StoreError::Unexpected(BARRIER.name))?, replica, disk })
    }
}

/// Reads an answer to [`question`].
fn read(answer: Option<&Value>) -> Result<ReplicationInfo, StoreError> {
    let text = answer.map(redis::from_redis_value_ref::<String>).and_then(Result::ok);
    ReplicationInfo::read(&text.ok_or(StoreError::Unexpected(BARRIER.name))?)
}
