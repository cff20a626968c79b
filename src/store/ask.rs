//! Questions to the primary that holds a bucket, wherever it is by now.
//!
//! In a cluster a slot may lie elsewhere than we believe (`MOVED`), be on its way (`ASK`), or have half of its keys here and
//! half there (`TRYAGAIN`). None of these ran anything, so the call is made again, within its own time. Nothing else is ever
//! sent twice: a call that got no answer may have been carried out.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{Cmd, RedisError, RedisResult, ServerError, Value, aio::MultiplexedConnection};

use super::{
    Store, StoreError,
    error::Elsewhere,
    function::{self, Function},
    link::Way,
    node::{Node, Over, Source},
    reply::Reply,
};
use crate::event::Bucket;

/// Between two tries while a slot is on its way: the first, and the longest.
pub(super) const AGAIN: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));
/// A slot that is on its way is waited for this long: a call has a second in all.
const MOVING: Duration = Duration::from_millis(700);
/// Redirections that one call follows: more are a cluster that does not know itself.
const MOST: usize = 8;

/// How often the library is loaded for one call: more than once only where somebody keeps deleting it.
const LOADS: usize = 5;

/// What a function is given.
pub(super) type Given<'a> = (&'a [Vec<u8>], &'a [&'a [u8]]);

impl Store {
    /// A function for one bucket.
    pub(super) async fn call(
        &self,
        over: Over,
        bucket: Bucket,
        function: &'static Function,
        given: Given<'_>,
    ) -> Result<Reply, StoreError> {
        let started = Instant::now();
        let sent = &AtomicBool::new(false);
        let answer = self
            .ask(over, bucket, |node, way, asking| async move {
                sent.store(false, Ordering::Relaxed);
                let lineage = self.lineage(&node, &way, bucket, asking).await?;
                sent.store(true, Ordering::Relaxed);
                let value = self.run(way.connection, function, bucket, given, asking).await?;
                Ok((value, Source { node, lineage }))
            })
            .await
            .map_err(|error| if sent.load(Ordering::Relaxed) { error } else { error.unsent() });
        self.metrics.store_calls.of(function.name).inc();
        self.metrics.store_seconds.of(function.name).observe(started.elapsed().as_secs_f64());
        let (value, source) = self.note(function.name, answer)?;
        Ok(Reply::new(function.name, value)?.from(source))
    }

    /// A function; where the server does not know it (it is new, or was emptied), once more after it was given the library.
    pub(super) async fn run(
        &self,
        mut connection: MultiplexedConnection,
        function: &'static Function,
        bucket: Bucket,
        (keys, args): Given<'_>,
        asking: bool,
    ) -> RedisResult<Value> {
        let mut cmd = self.fcall(function, bucket, keys);
        cmd.arg(args);
        let answer = match send(&mut connection, &cmd, asking).await {
            Err(error) if unknown_function(&error) => send_with_library(&mut connection, &cmd, asking).await,
            answer => answer,
        };
        answer.inspect_err(|error| self.damaged.note(bucket, keys, error))
    }

    /// The beginning of a call of a function, up to its keys.
    pub(super) fn fcall(&self, function: &'static Function, bucket: Bucket, keys: &[Vec<u8>]) -> Cmd {
        let clustered = self.nodes.clustered();
        let mut cmd = redis::cmd(function.verb);
        cmd.arg(&function.registered).arg(keys.len() + usize::from(clustered)).arg(keys);
        if clustered {
            cmd.arg(super::key::absent(bucket));
        }
        cmd
    }

    /// Something for one bucket. `work` may be called several times; it is told whether the server only has the bucket's slot
    /// on its way.
    pub(super) async fn ask<T, F>(
        &self,
        over: Over,
        bucket: Bucket,
        work: impl Fn(Arc<Node>, Way, bool) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let until = Instant::now() + self.timeout.max(MOVING);
        let (mut node, mut asking, mut pause) = (self.nodes.of(bucket).await?, false, AGAIN.0);
        let mut redirected = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(self.timeout);
            let (asked, work) = (Arc::clone(&node), &work);
            let answer = node.link(over).run_within(left, |way| async move {
                let at_home = Arc::clone(&way.at_home);
                let answer = work(asked, way, asking).await;
                left_home(&at_home, bucket, &answer);
                answer
            });
            let elsewhere = match answer.await {
                Err(StoreError::Elsewhere(elsewhere)) if redirected < MOST => elsewhere,
                Err(error) => {
                    if error.suspects_map() {
                        self.nodes.suspect();
                    }
                    return Err(error);
                }
                answer => return answer,
            };
            asking = false;
            match elsewhere {
                Elsewhere::Moved(place) => {
                    redirected += 1;
                    node = self.nodes.moved(bucket, &place)?;
                    self.nodes.suspect();
                }
                Elsewhere::Ask(place) => {
                    redirected += 1;
                    (node, asking) = (self.nodes.at(&place)?, true);
                }
                Elsewhere::TryAgain => {
                    if Instant::now() + pause >= until {
                        return Err(StoreError::Unsent { late: true });
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(AGAIN.1);
                    redirected = 0;
                    node = self.nodes.of(bucket).await?;
                }
            }
        }
    }
}

/// A bucket that is somewhere else is not at home over this connection any more: when it comes back, it is asked anew.
pub(super) fn left_home<T>(at_home: &AtomicU64, bucket: Bucket, answer: &Result<T, StoreError>) {
    if matches!(answer, Err(StoreError::Elsewhere(Elsewhere::Moved(_)))) {
        at_home.fetch_and(!(1 << bucket.number()), Ordering::AcqRel);
    }
}

pub(super) async fn send(connection: &mut MultiplexedConnection, cmd: &Cmd, asking: bool) -> RedisResult<Value> {
    if !asking {
        return cmd.query_async(connection).await;
    }
    let mut both = redis::Pipeline::with_capacity(2);
    both.cmd("ASKING").ignore().add_command(cmd.clone());
    let (answer,) = both.query_async::<(Value,)>(connection).await?;
    Ok(answer)
}

/// The same where the server does not know the library: it is given first. Where that is lost again before the call comes,
/// nothing ran, and it is tried again.
pub(super) async fn send_with_library(
    connection: &mut MultiplexedConnection,
    cmd: &Cmd,
    asking: bool,
) -> RedisResult<Value> {
    let mut tries = LOADS;
    loop {
        load(connection).await?;
        match send(connection, cmd, asking).await {
            Err(error) if unknown_function(&error) && tries > 1 => tries -= 1,
            answer => return answer,
        }
    }
}

/// Gives a server the library, unless it has it.
pub(super) async fn load(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match function::load().exec_async(connection).await {
        // Somebody else was quicker.
        Err(error) if error.detail().is_some_and(|why| why.contains("already exists")) => Ok(()),
        loaded => loaded,
    }
}

/// Whether a call was of a function that the server does not know, so that nothing ran.
pub(super) fn unknown_function(error: &RedisError) -> bool {
    let errors = error.clone().into_server_errors();
    let unknown = |error: &ServerError| error.details().is_some_and(|why| why.starts_with("Function not found"));
    errors.is_some_and(|errors| errors.iter().any(|(_, error)| unknown(error)))
}
