//! The store: what Redis holds, and the functions that alone decide over it.
//!
//! [`key`] and [`record`] describe the layout; [`function`] holds what runs inside Redis; one file per noun calls it.
//! Knows nothing of HTTP. An outage is a [`StoreError`]; a refusal is an ordinary answer.

mod ask;
pub mod backlog;
mod barrier;
pub mod bucket;
mod cancel;
pub mod check;
mod clock;
pub mod connect;
pub mod counters;
mod damaged;
pub mod delivery;
mod each;
pub mod embedded;
pub mod error;
pub mod extra;
mod fitness;
pub mod function;
#[doc(hidden)]
pub mod fuzzing;
pub mod get;
pub mod guard;
pub mod highest;
mod home;
mod host;
pub mod inspect;
pub mod key;
pub mod libraries;
pub mod limits;
mod lineage;
pub mod lines;
mod link;
pub mod lock;
pub mod locks;
mod look;
mod map;
pub mod network;
mod node;
mod nodes;
pub mod note;
pub mod outbox;
mod packed;
pub mod person;
pub mod record;
mod replay;
mod reply;
pub mod send;
mod sentinel;
pub mod server;
mod slots;
pub mod status;
pub mod tally;
pub mod target;
mod told;
mod unlock;
mod unreachable;
pub mod url;
mod waiting;

use std::{
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use barrier::Durability;
pub use bucket::Bucket;
use clock::ClockWatch;
use each::{Answered, What};
pub use error::StoreError;
use function::Function;
use highest::Highest;
use home::still_has;
use node::{Over, Source};
use nodes::Nodes;
use redis::{Cmd, FromRedisValue, from_redis_value};
use reply::Reply;
use told::Replays;

use crate::{metrics::Metrics, policy::Policy};

/// The functions over one Redis, or over the primaries of a cluster.
#[derive(Debug)]
pub struct Store {
    nodes: Arc<Nodes>,
    timeout: Duration,
    durability: Durability,
    replays: Replays,
    /// The highest epochs that were exported.
    pub highest: Arc<Highest>,
    limits: limits::PackedLimits,
    /// This sidecar's name in events.
    name: String,
    /// Why this server must not be asked, `None` = it may.
    unfit: RwLock<Option<String>>,
    /// Whether the last examination passed and no connection broke since.
    examined: AtomicBool,
    /// Whether the index key is known to be the one of these data.
    index_known: AtomicBool,
    clock: Mutex<ClockWatch>,
    /// When the libraries of other versions were last looked at.
    libraries: libraries::Looked,
    /// Values that could not be read, as far as the log named them.
    damaged: damaged::Damaged,
    metrics: Arc<Metrics>,
}

impl Store {
    /// A store at `server`, for the sidecar of this `name`; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] if there can be no connection to it.
    pub fn new(
        (server, timeout, durability): (&server::Server, Duration, Durability),
        policy: &Policy,
        name: &str,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            nodes: Arc::new(Nodes::new(server, timeout)?),
            timeout,
            durability,
            replays: Replays::default(),
            highest: Arc::default(),
            limits: limits::PackedLimits::new(policy),
            name: name.to_owned(),
            unfit: RwLock::new(Some("it has not been examined yet".into())),
            examined: AtomicBool::new(false),
            index_known: AtomicBool::new(false),
            clock: Mutex::default(),
            libraries: libraries::Looked::default(),
            damaged: damaged::Damaged::default(),
            metrics,
        })
    }

    /// Whether the last examination passed, no connection broke since, and the server may be used.
    pub fn ready(&self) -> bool {
        self.examined.load(Ordering::Relaxed) && self.unfitness().is_none()
    }

    /// One verdict. Refused at once while the server is unfit.
    async fn decide(
        &self,
        function: &'static Function,
        bucket: Bucket,
        keys: &[Vec<u8>],
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        self.fitting(function.name)?;
        let node = self.note(function.name, self.nodes.of(bucket).await.map_err(StoreError::unsent))?;
        let second = [function::STORE.name, function::SETTLE.name].contains(&function.name);
        let Some(place) = (if second { Some(node.waiting.go_on()) } else { node.waiting.enter() }) else {
            self.metrics.store_errors.of(function.name, "overloaded").inc();
            return Err(StoreError::Overloaded);
        };
        let answer = self.call(Over::Hot, bucket, function, (keys, args)).await;
        place.answered();
        answer
    }

    /// A function that no user waits for. Refused at once while the server is unfit.
    async fn act(
        &self,
        function: &'static Function,
        bucket: Bucket,
        keys: &[Vec<u8>],
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        self.fitting(function.name)?;
        self.call(Over::Background, bucket, function, (keys, args)).await
    }

    /// Plain commands that only read, each of one bucket, in one round trip; `name` is their label in metrics.
    async fn plain<T: FromRedisValue>(
        &self,
        name: &'static str,
        commands: Vec<(Bucket, Cmd)>,
    ) -> Result<Vec<T>, StoreError> {
        self.fitting(name)?;
        self.plain_over(Over::Background, name, commands).await.into_iter().collect()
    }

    /// The same over a connection of the caller's choice, and with an answer for each.
    async fn plain_over<T: FromRedisValue>(
        &self,
        over: Over,
        name: &'static str,
        commands: Vec<(Bucket, Cmd)>,
    ) -> Vec<Result<T, StoreError>> {
        self.metrics.store_calls.of(name).inc_by(commands.len() as u64);
        let answers = self.each(over, What::Command, &commands, |(bucket, _)| *bucket, |(_, cmd)| cmd.clone()).await;
        let read = |answer: Result<Answered, StoreError>| {
            let Answered { value, .. } = self.note(name, answer)?;
            from_redis_value(value).map_err(|_| StoreError::Unexpected(name))
        };
        answers.into_iter().map(read).collect()
    }

    /// Returns when whoever must has what a call wrote to a bucket, which was answered by `source`.
    ///
    /// # Errors
    /// [`StoreError`]: it is done, and may be lost.
    async fn confirmed(&self, bucket: Bucket, source: &Source) -> Result<(), StoreError> {
        match self.durability {
            Durability::None => Ok(()),
            // In memory of its own: most calls have nothing to be confirmed.
            _ => Box::pin(self.confirm(bucket, source)).await,
        }
    }

    async fn confirm(&self, bucket: Bucket, source: &Source) -> Result<(), StoreError> {
        let (mut node, mut moved, mut again) = (Arc::clone(&source.node), false, 2);
        loop {
            let spare = self.nodes.clustered().then(|| self.nodes.map().spare(&node, bucket)).flatten();
            let write = barrier::Write { bucket, spare, id: source.lineage.id.clone(), moved };
            match barrier::pass(&node, write, self.durability, &self.metrics).await {
                Err(StoreError::Elsewhere(elsewhere)) if again > 0 => {
                    again -= 1;
                    match elsewhere {
                        error::Elsewhere::Moved(place) => drop(self.nodes.moved(bucket, &place)?),
                        error::Elsewhere::Ask(_) | error::Elsewhere::TryAgain => self.nodes.refresh().await?,
                    }
                    node = self.nodes.of(bucket).await?;
                    // What the writer still holds as it was, it has handed on as it was.
                    moved = !Arc::ptr_eq(&node, &source.node) && still_has(&source.node, &source.lineage.id).await;
                }
                answer => return self.note("barrier", answer),
            }
        }
    }

    /// Refuses while the server is unfit.
    fn fitting(&self, name: &'static str) -> Result<(), StoreError> {
        let Some(reason) = self.unfitness() else { return Ok(()) };
        self.metrics.store_errors.of(name, "unfit").inc();
        Err(StoreError::Unfit(reason))
    }

    /// Counts an outage, and keeps what it says about the server.
    fn note<T>(&self, function: &'static str, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &answer {
            self.metrics.store_errors.of(function, error.label()).inc();
            if matches!(error, StoreError::Disconnected | StoreError::Unsent { late: false }) && !self.nodes.clustered()
            {
                self.examined.store(false, Ordering::Relaxed);
            }
        }
        answer
    }

    /// Notes whether the once-a-second examination passed. Single answers never make the server ready: one that is full
    /// still answers what frees memory.
    pub fn set_reachable(&self, passed: bool) {
        self.examined.store(passed, Ordering::Relaxed);
    }

    fn unfitness(&self) -> Option<String> {
        self.unfit.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn unfit<T>(&self, reason: String) -> Result<T, StoreError> {
        *self.unfit.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(reason.clone());
        Err(StoreError::Unfit(reason))
    }

    fn fit(&self) {
        *self.unfit.write().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}
