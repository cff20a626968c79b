//! The store: what Redis holds, and the scripts that alone decide over it.
//!
//! [`key`] and [`record`] describe the layout; [`script`] holds what runs inside Redis; one file per noun calls it.
//! Knows nothing of HTTP. An outage is a [`StoreError`]; a refusal is an ordinary answer.

pub mod backlog;
pub mod bucket;
mod cancel;
pub mod check;
mod clock;
pub mod connect;
pub mod counters;
pub mod delivery;
pub mod embedded;
pub mod error;
pub mod extra;
mod fitness;
#[doc(hidden)]
pub mod fuzzing;
pub mod get;
pub mod guard;
pub mod inspect;
pub mod key;
pub mod limits;
pub mod lines;
pub mod link;
pub mod lock;
pub mod locks;
mod look;
pub mod note;
pub mod outbox;
mod packed;
pub mod person;
pub mod record;
mod reply;
pub mod script;
pub mod send;
pub mod status;
pub mod tally;
pub mod target;
mod unlock;
mod waiting;

use std::{
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

pub use bucket::Bucket;
use clock::ClockWatch;
pub use error::StoreError;
use link::Link;
use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ServerErrorKind, Value,
    aio::MultiplexedConnection,
};
use reply::Reply;
use script::Script;
use waiting::Waiting;

use crate::{metrics::Metrics, policy::Policy};

/// The scripts over one Redis.
#[derive(Debug)]
pub struct Store {
    /// For verdicts that a user waits for.
    hot: Link,
    /// For everything else, so that a batch of events never stands before a verdict.
    background: Link,
    /// For the export of events, which has a thread of its own: whoever makes a connection runs it.
    exporting: Link,
    waiting: Waiting,
    limits: limits::PackedLimits,
    /// Why this server must not be asked, `None` = it may.
    unfit: RwLock<Option<String>>,
    /// Whether the last examination passed and no connection broke since.
    examined: AtomicBool,
    clock: Mutex<ClockWatch>,
    metrics: Arc<Metrics>,
}

impl Store {
    /// A store at `server`; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] if the URL cannot be read.
    pub fn new(
        server: &connect::Server,
        timeout: Duration,
        policy: &Policy,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let pool = connect::pool(server, timeout)?;
        Ok(Self {
            hot: Link::new(pool.clone(), timeout),
            background: Link::new(pool.clone(), timeout),
            exporting: Link::new(pool, timeout),
            waiting: Waiting::new(timeout),
            limits: limits::PackedLimits::new(policy),
            unfit: RwLock::new(Some("it has not been examined yet".into())),
            examined: AtomicBool::new(false),
            clock: Mutex::default(),
            metrics,
        })
    }

    /// Whether the last examination passed, no connection broke since, and the server may be used.
    pub fn ready(&self) -> bool {
        self.examined.load(Ordering::Relaxed) && self.unfitness().is_none()
    }

    /// One verdict. Refused at once while the server is unfit.
    async fn decide(&self, script: &'static Script, keys: &[Vec<u8>], args: &[&[u8]]) -> Result<Reply, StoreError> {
        self.fitting(script.name)?;
        let second = [script::STORE.name, script::SETTLE.name].contains(&script.name);
        let Some(place) = (if second { Some(self.waiting.go_on()) } else { self.waiting.enter() }) else {
            self.metrics.store_errors.of(script.name, "overloaded").inc();
            return Err(StoreError::Overloaded);
        };
        let answer = self.run(&self.hot, script, keys, args).await;
        place.answered();
        answer
    }

    /// A script that no user waits for. Refused at once while the server is unfit.
    async fn act(&self, script: &'static Script, keys: &[Vec<u8>], args: &[&[u8]]) -> Result<Reply, StoreError> {
        self.fitting(script.name)?;
        self.run(&self.background, script, keys, args).await
    }

    /// Plain commands that only read, in one round trip; `name` is their label in metrics.
    async fn plain<T: FromRedisValue>(&self, name: &'static str, commands: Pipeline) -> Result<Vec<T>, StoreError> {
        self.fitting(name)?;
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        self.metrics.store_calls.of(name).inc_by(commands.len() as u64);
        let answer = self.background.run(|mut connection: MultiplexedConnection| async move {
            commands.query_async::<Vec<T>>(&mut connection).await
        });
        let answer = answer.await;
        self.note(name, answer)
    }

    /// Refuses while the server is unfit.
    fn fitting(&self, name: &'static str) -> Result<(), StoreError> {
        let Some(reason) = self.unfitness() else { return Ok(()) };
        self.metrics.store_errors.of(name, "unfit").inc();
        Err(StoreError::Unfit(reason))
    }

    async fn run(
        &self,
        link: &Link,
        script: &'static Script,
        keys: &[Vec<u8>],
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        let started = Instant::now();
        let command = |verb: &str, what: &str| {
            let mut cmd = redis::cmd(verb);
            cmd.arg(what).arg(keys.len()).arg(keys).arg(args);
            cmd
        };
        let (by_sha, whole) = (command("EVALSHA", &script.sha), || command("EVAL", script.body));
        let answer = link.run(|connection| ask(connection, by_sha, whole)).await;
        self.metrics.store_calls.of(script.name).inc();
        self.metrics.store_seconds.of(script.name).observe(started.elapsed().as_secs_f64());
        self.note(script.name, answer).and_then(|value| Reply::new(script.name, value))
    }

    /// Counts an outage, and keeps what it says about the server.
    fn note<T>(&self, script: &'static str, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &answer {
            self.metrics.store_errors.of(script, error.label()).inc();
            if matches!(error, StoreError::Disconnected) {
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

/// By SHA-1; where the server does not know the script (restarted, flushed), once more with its text, which no flush can
/// come between.
async fn ask(mut connection: MultiplexedConnection, by_sha: Cmd, whole: impl FnOnce() -> Cmd) -> RedisResult<Value> {
    match by_sha.query_async(&mut connection).await {
        Err(error) if unknown_script(&error) => whole().query_async(&mut connection).await,
        answer => answer,
    }
}

fn unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
