//! Questions to the primary that holds a bucket, wherever it is by now.
//!
//! In a cluster a slot may lie elsewhere than we believe (`MOVED`), be on its way (`ASK`), or have half of its keys here and
//! half there (`TRYAGAIN`). None of these ran anything, so the call is made again, within its own time. Nothing else is ever
//! sent twice: a call that got no answer may have been carried out.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, aio::MultiplexedConnection};

use super::{
    Bucket, Store, StoreError,
    error::Elsewhere,
    link::Way,
    node::{Node, Over},
    reply::Reply,
    script::Script,
};

/// Between two tries while a slot is on its way: the first, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));
/// A slot that is on its way is waited for this long: a call has a second in all.
const MOVING: Duration = Duration::from_millis(700);
/// Redirections that one call follows: more are a cluster that does not know itself.
const MOST: usize = 8;

/// What a script is given.
pub(super) type Given<'a> = (&'a [Vec<u8>], &'a [&'a [u8]]);

impl Store {
    /// A script for one bucket.
    pub(super) async fn script(
        &self,
        over: Over,
        bucket: Bucket,
        script: &'static Script,
        given: Given<'_>,
    ) -> Result<Reply, StoreError> {
        let started = Instant::now();
        let answer = self
            .ask(over, bucket, |way, asking| async move {
                if !asking {
                    self.at_home(&way, bucket).await?;
                }
                let lineage = Arc::clone(&way.lineage);
                Ok((self.run(way.connection, script, bucket, given, asking).await?, lineage))
            })
            .await;
        self.metrics.store_calls.of(script.name).inc();
        self.metrics.store_seconds.of(script.name).observe(started.elapsed().as_secs_f64());
        let (value, lineage) = self.note(script.name, answer)?;
        Ok(Reply::new(script.name, value)?.from(&lineage))
    }

    /// By SHA-1; where the server does not know the script (restarted, flushed), once more with its text, which no flush can
    /// come between.
    pub(super) async fn run(
        &self,
        mut connection: MultiplexedConnection,
        script: &'static Script,
        bucket: Bucket,
        (keys, args): Given<'_>,
        asking: bool,
    ) -> RedisResult<Value> {
        let command = |whole| {
            let mut cmd = self.eval(script, whole, bucket, keys);
            cmd.arg(args);
            cmd
        };
        match send(&mut connection, command(false), asking).await {
            Err(error) if unknown_script(&error) => send(&mut connection, command(true), asking).await,
            answer => answer,
        }
    }

    /// The beginning of a call of a script, up to its keys.
    pub(super) fn eval(&self, script: &'static Script, whole: bool, bucket: Bucket, keys: &[Vec<u8>]) -> Cmd {
        let clustered = self.nodes.clustered();
        let mut cmd = match (whole, clustered) {
            (false, false) => with("EVALSHA", &script.sha),
            (true, false) => with("EVAL", script.body),
            (false, true) => with("EVALSHA", &script.clustered_sha),
            (true, true) => with("EVAL", &script.clustered),
        };
        cmd.arg(keys.len() + usize::from(clustered)).arg(keys);
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
        work: impl Fn(Way, bool) -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let until = Instant::now() + self.timeout.max(MOVING);
        let (mut node, mut asking, mut pause) = (self.nodes.of(bucket).await?, false, AGAIN.0);
        let mut redirected = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(self.timeout);
            let answer = node.link(over).run_within(left, |way| work(way, asking)).await;
            let elsewhere = match answer {
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
                        return Err(StoreError::TimedOut);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(AGAIN.1);
                    redirected = 0;
                    node = self.nodes.of(bucket).await?;
                }
            }
        }
    }

    /// One command or script for several things, each of one bucket, in one round trip to each primary that holds some of
    /// them; the answers in their order.
    pub(super) async fn each<T: Sync>(
        &self,
        over: Over,
        what: What,
        things: &[T],
        bucket_of: impl Fn(&T) -> Bucket + Sync,
        command: impl Fn(&T, bool) -> Cmd + Sync,
    ) -> Vec<Result<Value, StoreError>> {
        let until = Instant::now() + self.timeout;
        let mut answers: Vec<Result<Value, StoreError>> = Vec::with_capacity(things.len());
        answers.resize_with(things.len(), || Err(StoreError::Elsewhere(Elsewhere::TryAgain)));
        let mut pause = Duration::ZERO;
        loop {
            let open: Vec<usize> = answers
                .iter()
                .enumerate()
                .filter(|(_, answer)| matches!(answer, Err(StoreError::Elsewhere(_))))
                .map(|(place, _)| place)
                .collect();
            if open.is_empty() {
                break;
            }
            if Instant::now() + pause >= until {
                for place in open {
                    set(&mut answers, place, Err(StoreError::TimedOut));
                }
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).clamp(AGAIN.0, AGAIN.1);
            let mut groups: Vec<(Arc<Node>, Vec<usize>)> = Vec::new();
            for place in open {
                let Some(thing) = things.get(place) else { continue };
                match self.nodes.of(bucket_of(thing)).await {
                    Ok(node) => match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &node)) {
                        Some((_, places)) => places.push(place),
                        None => groups.push((node, vec![place])),
                    },
                    Err(error) => set(&mut answers, place, Err(error)),
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            let asked = join_all(groups.iter().map(|(node, places)| {
                let some = places.iter().filter_map(|place| things.get(*place));
                let some: Vec<(Bucket, &T)> = some.map(|thing| (bucket_of(thing), thing)).collect();
                let command = &command;
                node.link(over)
                    .run_within(left, move |way| async move { self.pipeline(way, what, &some, command).await })
            }));
            for ((_, places), group) in groups.iter().zip(asked.await) {
                match group {
                    Ok(group) => {
                        for (place, answer) in places.iter().zip(group) {
                            let answer = self.follow(things.get(*place).map(&bucket_of), answer);
                            set(&mut answers, *place, answer);
                        }
                    }
                    Err(error) => {
                        if error.suspects_map() {
                            self.nodes.suspect();
                        }
                        // What was not said may have been done: it is not asked again.
                        places.iter().for_each(|place| set(&mut answers, *place, Err(error.clone())));
                    }
                }
            }
        }
        answers
    }

    /// Notes where an answer says that a bucket is.
    fn follow(&self, bucket: Option<Bucket>, answer: RedisResult<Value>) -> Result<Value, StoreError> {
        let answer = answer.map_err(StoreError::from);
        if let (Some(bucket), Err(StoreError::Elsewhere(Elsewhere::Moved(place)))) = (bucket, &answer) {
            self.nodes.moved(bucket, place)?;
        }
        answer
    }

    async fn pipeline<T>(
        &self,
        way: Way,
        what: What,
        things: &[(Bucket, &T)],
        command: &(impl Fn(&T, bool) -> Cmd + Sync),
    ) -> Result<Vec<RedisResult<Value>>, StoreError> {
        if what == What::Script {
            let mut buckets: Vec<Bucket> = things.iter().map(|(bucket, _)| *bucket).collect();
            buckets.dedup();
            let homes = join_all(buckets.into_iter().map(|bucket| self.at_home(&way, bucket)));
            homes.await.into_iter().collect::<Result<(), _>>()?;
        }
        let mut connection = way.connection;
        let pipeline = |whole, of: &[&T]| {
            let mut pipe = redis::Pipeline::with_capacity(of.len());
            of.iter().for_each(|thing| {
                pipe.add_command(command(thing, whole));
            });
            pipe.ignore_errors();
            pipe
        };
        let all: Vec<&T> = things.iter().map(|(_, thing)| *thing).collect();
        let mut answers: Vec<RedisResult<Value>> = pipeline(false, &all).query_async(&mut connection).await?;
        let unknown: Vec<usize> = answers
            .iter()
            .enumerate()
            .filter(|(_, answer)| answer.as_ref().is_err_and(unknown_script))
            .map(|(place, _)| place)
            .collect();
        if !unknown.is_empty() {
            let of: Vec<&T> = unknown.iter().filter_map(|place| all.get(*place).copied()).collect();
            let again: Vec<RedisResult<Value>> = pipeline(true, &of).query_async(&mut connection).await?;
            for (place, answer) in unknown.into_iter().zip(again) {
                if let Some(slot) = answers.get_mut(place) {
                    *slot = answer;
                }
            }
        }
        Ok(answers)
    }
}

/// What [`Store::each`] asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A script, which may write.
    Script,
    /// A command.
    Command,
}

fn set(answers: &mut [Result<Value, StoreError>], place: usize, answer: Result<Value, StoreError>) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = answer;
    }
}

fn with(verb: &str, what: &str) -> Cmd {
    let mut cmd = redis::cmd(verb);
    cmd.arg(what);
    cmd
}

async fn send(connection: &mut MultiplexedConnection, cmd: Cmd, asking: bool) -> RedisResult<Value> {
    if !asking {
        return cmd.query_async(connection).await;
    }
    let mut both = redis::Pipeline::with_capacity(2);
    both.cmd("ASKING").ignore().add_command(cmd);
    let (answer,) = both.query_async::<(Value,)>(connection).await?;
    Ok(answer)
}

fn unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
