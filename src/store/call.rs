//! Calls to the primary that holds a bucket, wherever it is by now.
//!
//! In a cluster a slot may lie elsewhere than we believe (`MOVED`), be on its way (`ASK`), or have half of its keys here and
//! half there (`TRYAGAIN`). None of these ran anything, so the call is made again, within its own time. Nothing else is ever
//! sent twice: a call that got no answer may have been carried out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{Cmd, FromRedisValue, RedisResult, ToRedisArgs, Value, aio::MultiplexedConnection};

use super::{
    Store, StoreError,
    connection::{Connection, Lane, Primary},
    error::Elsewhere,
    failover::positions::Position,
    functions::{Operation, SETTLE, STORE, load, unknown_function},
    key,
    reply::{Reply, Source},
};
use crate::event::Bucket;

/// Between two tries while a slot is on its way: the first, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));
/// A slot that is on its way is waited for this long: a call has a second in all.
const MOVING: Duration = Duration::from_millis(700);
/// Redirections that one call follows: more are a cluster that does not know itself.
const MOST: usize = 8;
/// How often the library is loaded for one call: more than once only where somebody keeps deleting it.
const LOADS: usize = 5;

/// How often the data of a bucket are fenced for one call: more than once only where they go back again and again.
const FENCES: usize = 2;
/// What a function answers where the data are older than what was known when it was sent.
const BEHIND: &str = "OTPBEHIND";
/// What nearly every plain command fits: arguments, and their bytes.
const PLAIN_ARGS: usize = 6;
const PLAIN_BYTES: usize = 128;

/// What is asked of a bucket's primary.
pub(super) struct Question<'a> {
    pub(super) lane: Lane,
    pub(super) bucket: Bucket,
    pub(super) cmd: &'a Cmd,
    /// The keys of a function, which may write: it is asked only of the owner of the bucket's data. `None`: a plain command.
    pub(super) function: Option<&'a [Vec<u8>]>,
}

/// An answer, and where it came from.
pub(super) struct Answered {
    pub(super) value: Value,
    /// `None` of a plain command.
    source: Option<Source>,
}

/// A plain command about one bucket.
pub(super) struct Command {
    pub(super) bucket: Bucket,
    pub(super) cmd: Cmd,
}

impl Command {
    /// Begins with a name and a key.
    pub(super) fn new(bucket: Bucket, name: &str, key: impl ToRedisArgs) -> Self {
        let mut cmd = Cmd::with_capacity(PLAIN_ARGS, PLAIN_BYTES);
        cmd.arg(name).arg(key);
        Self { bucket, cmd }
    }

    /// The same with one more word, or some.
    pub(super) fn arg(mut self, words: impl ToRedisArgs) -> Self {
        self.cmd.arg(words);
        self
    }
}

impl Store {
    /// Calls an operation that a user waits for. Refused at once while the server is unusable or has too much to do; the second
    /// half of a call never is for that.
    pub(super) async fn decide(
        &self,
        operation: &'static Operation,
        bucket: Bucket,
        keys: &[Vec<u8>],
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        self.usable(operation.name)?;
        let primary = self.note(operation.name, self.topology.of(bucket).await.map_err(StoreError::unsent))?;
        let second_half = [STORE.name, SETTLE.name].contains(&operation.name);
        let Some(permit) = primary.try_acquire(second_half) else {
            return self.note(operation.name, Err(StoreError::Overloaded));
        };
        let answer = self.call_at(Arc::clone(&primary), Lane::Interactive, operation, bucket, keys, args).await;
        permit.answered();
        answer
    }

    /// Calls an operation of the library for one bucket.
    pub(super) async fn call(
        &self,
        lane: Lane,
        operation: &'static Operation,
        bucket: Bucket,
        keys: &[Vec<u8>],
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        let primary = self.note(operation.name, self.topology.of(bucket).await.map_err(StoreError::unsent))?;
        self.call_at(primary, lane, operation, bucket, keys, args).await
    }

    async fn call_at(
        &self,
        primary: Arc<Primary>,
        lane: Lane,
        operation: &'static Operation,
        bucket: Bucket,
        keys: &[Vec<u8>],
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        let started = Instant::now();
        let mut cmd = self.fcall(operation, bucket, keys);
        cmd.arg(args);
        if operation.writes_event {
            cmd.arg(&self.positions.or_none(bucket).packed());
        }
        let answer = self.ask(primary, &Question { lane, bucket, cmd: &cmd, function: Some(keys) }).await;
        self.metrics.store_calls.with_label_values(&[operation.name]).inc();
        self.metrics.store_seconds.of(operation.name).observe(started.elapsed().as_secs_f64());
        let Answered { value, source } = self.note(operation.name, answer)?;
        let value = if operation.writes_event { self.learn_position(operation, bucket, value)? } else { value };
        Ok(Reply::new(operation.name, value)?.from(source))
    }

    /// Learns the position behind an event that was written; answers the rest (`register_event` of `lua/lib/register.lua`).
    fn learn_position(&self, operation: &Operation, bucket: Bucket, value: Value) -> Result<Value, StoreError> {
        let unexpected = || StoreError::Unexpected(operation.name);
        let (answer, id) = match value {
            Value::BulkString(mut packed) => {
                let at = packed.iter().rposition(|byte| *byte == 0).ok_or_else(unexpected)?;
                let id = packed.split_off(at + 1);
                packed.truncate(at);
                (Value::BulkString(packed), id)
            }
            Value::Array(both) => match <[Value; 2]>::try_from(both) {
                Ok([answer, Value::BulkString(id)]) => (answer, id),
                _ => return Err(unexpected()),
            },
            _ => return Err(unexpected()),
        };
        let position = std::str::from_utf8(&id).ok().and_then(Position::behind);
        position.into_iter().for_each(|position| self.positions.learn(bucket, position));
        Ok(answer)
    }

    /// Sends plain commands that only read, all at once; `name` is their label in metrics.
    ///
    /// # Errors
    /// [`StoreError`] of the first that failed.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        name: &'static str,
        commands: Vec<Command>,
    ) -> Result<Vec<T>, StoreError> {
        self.usable(name)?;
        self.commands(Lane::Background, name, commands).await.into_iter().collect()
    }

    /// Begins the call of a function, up to its keys.
    pub(super) fn fcall(&self, operation: &Operation, bucket: Bucket, keys: &[Vec<u8>]) -> Cmd {
        let absent = self.topology.clustered().then(|| key::absent(bucket));
        operation.call(keys, absent.as_deref())
    }

    /// Sends a function; where the server does not know it (it is new, or was emptied), once more after it was given the
    /// library. Where that is lost again before the call comes, nothing ran, and it is tried again.
    pub(super) async fn run(&self, redis: &mut MultiplexedConnection, cmd: &Cmd, asking: bool) -> RedisResult<Value> {
        let mut answer = send(redis, cmd, asking).await;
        for _ in 0..LOADS {
            match &answer {
                Err(error) if unknown_function(error) => load(redis).await?,
                _ => break,
            }
            answer = send(redis, cmd, asking).await;
        }
        answer
    }

    pub(super) async fn ask(&self, mut primary: Arc<Primary>, question: &Question<'_>) -> Result<Answered, StoreError> {
        let bucket = question.bucket;
        let until = Instant::now() + self.timeout.max(MOVING);
        let (mut asking, mut pause, mut redirected) = (false, AGAIN.0, 0);
        let sent = &AtomicBool::new(false);
        loop {
            sent.store(false, Ordering::Relaxed);
            let left = until.saturating_duration_since(Instant::now()).min(self.timeout);
            let at = &primary;
            let answer = primary
                .link(question.lane)
                .within_time(left, |connection| self.attempt(question, at, connection, asking, sent))
                .await
                .map_err(|error| if sent.load(Ordering::Relaxed) { error } else { error.unsent() });
            let elsewhere = match answer {
                Err(StoreError::Elsewhere(elsewhere)) if redirected < MOST => elsewhere,
                answer => {
                    if answer.as_ref().is_err_and(StoreError::suspects_map) {
                        self.topology.suspect();
                    }
                    return answer;
                }
            };
            asking = false;
            match elsewhere {
                Elsewhere::Moved(place) => {
                    redirected += 1;
                    primary = self.topology.moved(bucket, &place)?;
                    self.topology.suspect();
                }
                Elsewhere::Ask(place) => {
                    redirected += 1;
                    (primary, asking) = (self.topology.at(&place)?, true);
                }
                Elsewhere::TryAgain => {
                    if Instant::now() + pause >= until {
                        return Err(StoreError::Unsent { late: true });
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(AGAIN.1);
                    redirected = 0;
                    primary = self.topology.of(bucket).await?;
                }
            }
        }
    }

    async fn attempt(
        &self,
        question: &Question<'_>,
        primary: &Arc<Primary>,
        connection: Connection,
        asking: bool,
        sent: &AtomicBool,
    ) -> Result<Answered, StoreError> {
        let &Question { bucket, cmd, function, .. } = question;
        let source = match function {
            None => None,
            Some(_) => {
                let replication = self.verify_owner(primary, &connection, bucket, asking).await?;
                Some(Source { primary: Arc::clone(primary), replication })
            }
        };
        sent.store(true, Ordering::Relaxed);
        let mut answer = self.run(&mut connection.redis(), cmd, asking).await;
        for _ in 0..FENCES {
            if !answer.as_ref().is_err_and(|error| error.code() == Some(BEHIND)) {
                break;
            }
            // Nothing ran. Once the data are fenced, what was known is behind them.
            sent.store(false, Ordering::Relaxed);
            Box::pin(self.look_at(primary, &connection, &[bucket])).await?.pop().unwrap_or(Ok(()))?;
            sent.store(true, Ordering::Relaxed);
            answer = self.run(&mut connection.redis(), cmd, asking).await;
        }
        if let Err(error) = &answer {
            Box::pin(self.note_unreadable(&connection, bucket, function.unwrap_or_default(), error)).await;
        }
        let answered = answer.map(|value| Answered { value, source }).map_err(StoreError::from);
        // A bucket that is somewhere else has left this server: when it comes back, its owner is verified anew.
        if matches!(answered, Err(StoreError::Elsewhere(Elsewhere::Moved(_)))) {
            connection.set_owned(bucket, false);
        }
        answered
    }
}

async fn send(redis: &mut MultiplexedConnection, cmd: &Cmd, asking: bool) -> RedisResult<Value> {
    if !asking {
        return cmd.query_async(redis).await;
    }
    let mut both = redis::Pipeline::with_capacity(2);
    both.cmd("ASKING").ignore().add_command(cmd.clone());
    let (answer,) = both.query_async::<(Value,)>(redis).await?;
    Ok(answer)
}
