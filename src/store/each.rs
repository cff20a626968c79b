//! Questions to several primaries at once: one round trip to each, for all buckets that it holds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use redis::{Cmd, RedisResult, Value};

use super::{
    Store, StoreError,
    ask::{AGAIN, left_home, load, send, send_with_library, unknown_function},
    error::Elsewhere,
    link::Way,
    node::{Node, Over, Source},
};
use crate::event::Bucket;

impl Store {
    /// One command or function for several things, each of one bucket, in one round trip to each primary that holds some of
    /// them; the answers in their order.
    pub(super) async fn each<T: Sync>(
        &self,
        over: Over,
        what: What,
        things: &[T],
        bucket_of: impl Fn(&T) -> Bucket + Sync,
        command: impl Fn(&T) -> Cmd + Sync,
    ) -> Vec<Result<Answered, StoreError>> {
        let until = Instant::now() + self.timeout;
        let mut answers: Vec<Result<Answered, StoreError>> = Vec::with_capacity(things.len());
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
                    set(&mut answers, place, Err(StoreError::Unsent { late: true }));
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
                Box::pin(
                    node.link(over)
                        .run_within(left, move |way| async move { self.group(node, way, what, &some, command).await }),
                )
            }));
            for ((_, places), group) in groups.iter().zip(asked.await) {
                match group {
                    Ok(group) => {
                        for (place, answer) in places.iter().zip(group) {
                            let Some(thing) = things.get(*place) else { continue };
                            let answer = self.follow(over, thing, (bucket_of(thing), left), answer, &command).await;
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

    /// Goes where an answer says that a bucket is: at once where it is only on its way, with the next try where it has moved.
    async fn follow<T: Sync>(
        &self,
        over: Over,
        thing: &T,
        (bucket, left): (Bucket, Duration),
        answer: Result<Answered, StoreError>,
        command: &(impl Fn(&T) -> Cmd + Sync),
    ) -> Result<Answered, StoreError> {
        match answer {
            Err(StoreError::Elsewhere(Elsewhere::Moved(place))) => {
                self.nodes.moved(bucket, &place)?;
                self.nodes.suspect();
                Err(StoreError::Elsewhere(Elsewhere::Moved(place)))
            }
            Err(StoreError::Elsewhere(Elsewhere::Ask(place))) => {
                let node = self.nodes.at(&place)?;
                let from = Arc::clone(&node);
                let asking = node.link(over).run_within(left, |way| async move {
                    let lineage = self.lineage(&from, &way, bucket, true).await?;
                    let mut connection = way.connection;
                    let cmd = command(thing);
                    let value = match send(&mut connection, &cmd, true).await {
                        Err(error) if unknown_function(&error) => send_with_library(&mut connection, &cmd, true).await,
                        answer => answer,
                    };
                    Ok(Answered { value: value?, source: Some(Source { node: from, lineage }) })
                });
                Box::pin(asking).await
            }
            answer => answer,
        }
    }

    /// What some buckets of one server are asked; the answers in their order. One that is not at home there keeps nobody
    /// from the answers of the others.
    async fn group<T>(
        &self,
        node: &Arc<Node>,
        way: Way,
        what: What,
        things: &[(Bucket, &T)],
        command: &(impl Fn(&T) -> Cmd + Sync),
    ) -> Result<Vec<Result<Answered, StoreError>>, StoreError> {
        let mut astray: Vec<(Bucket, StoreError)> = Vec::new();
        if what == What::Function {
            let mut buckets: Vec<Bucket> = things.iter().map(|(bucket, _)| *bucket).collect();
            buckets.sort_unstable();
            buckets.dedup();
            for bucket in buckets {
                match self.at_home(node, &way, bucket).await {
                    Err(error) if error.breaks_connection() => return Err(error),
                    Err(error) => astray.push((bucket, error)),
                    Ok(()) => {}
                }
            }
        }
        let why = |bucket| astray.iter().find(|(known, _)| *known == bucket).map(|(_, error)| error.clone());
        let asked: Vec<&T> =
            things.iter().filter(|(bucket, _)| why(*bucket).is_none()).map(|(_, thing)| *thing).collect();
        let mut values = if asked.is_empty() { Vec::new() } else { pipeline(&way, &asked, command).await? }.into_iter();
        let source = way.lineage().map(|lineage| Source { node: Arc::clone(node), lineage });
        let answers = things.iter().map(|(bucket, _)| match why(*bucket) {
            Some(error) => Err(error),
            None => {
                let value = values.next().unwrap_or(Ok(Value::Nil)).map_err(StoreError::from);
                let answer = value.map(|value| Answered { value, source: source.clone() });
                left_home(&way.at_home, *bucket, &answer);
                answer
            }
        });
        Ok(answers.collect())
    }
}

/// One function or command for several things, in one round trip; where the server does not know the library, those that did
/// not run once more after it was given.
///
/// # Errors
/// [`StoreError`]: some may be done.
pub(super) async fn pipeline<T>(
    way: &Way,
    all: &[&T],
    command: &impl Fn(&T) -> Cmd,
) -> Result<Vec<RedisResult<Value>>, StoreError> {
    let mut connection = way.connection.clone();
    let pipeline = |of: &[&T]| {
        let mut pipe = redis::Pipeline::with_capacity(of.len());
        of.iter().for_each(|thing| {
            pipe.add_command(command(thing));
        });
        pipe.ignore_errors();
        pipe
    };
    let mut answers: Vec<RedisResult<Value>> = pipeline(all).query_async(&mut connection).await?;
    let unknown: Vec<usize> = answers
        .iter()
        .enumerate()
        .filter(|(_, answer)| answer.as_ref().is_err_and(unknown_function))
        .map(|(place, _)| place)
        .collect();
    if !unknown.is_empty() {
        load(&mut connection).await?;
        let of: Vec<&T> = unknown.iter().filter_map(|place| all.get(*place).copied()).collect();
        let again: Vec<RedisResult<Value>> = pipeline(&of).query_async(&mut connection).await?;
        for (place, answer) in unknown.into_iter().zip(again) {
            if let Some(slot) = answers.get_mut(place) {
                *slot = answer;
            }
        }
    }
    Ok(answers)
}

/// One of the answers of [`Store::each`].
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) value: Value,
    /// Where it came from; `None` of a plain command to a server that was not asked whose data it has.
    pub(super) source: Option<Source>,
}

/// What [`Store::each`] asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A function, which may write.
    Function,
    /// A command.
    Command,
}

fn set(answers: &mut [Result<Answered, StoreError>], place: usize, answer: Result<Answered, StoreError>) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = answer;
    }
}
