//! Plain commands, each primary's in one pipeline: one write, one read, and one wait for all of them.

use std::sync::Arc;

use futures_util::future::join_all;
use redis::{FromRedisValue, Pipeline, RedisResult, Value, from_redis_value};

use super::{
    Store, StoreError,
    call::{Command, Question},
    connection::{Lane, Primary},
};
use crate::event::Bucket;

/// What goes to one primary.
struct Group {
    primary: Arc<Primary>,
    pipeline: Pipeline,
    /// Of each command its place among all, and its bucket.
    of: Vec<(usize, Bucket)>,
}

impl Store {
    /// Sends plain commands over a connection of the caller's choice, all at once, and answers each.
    pub(super) async fn commands<T: FromRedisValue>(
        &self,
        lane: Lane,
        name: &'static str,
        commands: Vec<Command>,
    ) -> Vec<Result<T, StoreError>> {
        self.metrics.store_calls.with_label_values(&[name]).inc_by(commands.len() as u64);
        let (mut groups, mut answers): (Vec<Group>, Vec<_>) = (Vec::new(), Vec::with_capacity(commands.len()));
        for (at, Command { bucket, cmd }) in commands.into_iter().enumerate() {
            let primary = match self.topology.of(bucket).await {
                Ok(primary) => primary,
                Err(error) => {
                    answers.push((at, Err(error.unsent())));
                    continue;
                }
            };
            let known = groups.iter().position(|group| Arc::ptr_eq(&group.primary, &primary));
            let place = known.unwrap_or_else(|| {
                groups.push(Group { primary, pipeline: Pipeline::new(), of: Vec::new() });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(place) {
                group.pipeline.add_command(cmd);
                group.of.push((at, bucket));
            }
        }
        answers
            .extend(join_all(groups.into_iter().map(|group| self.send_all(lane, group))).await.into_iter().flatten());
        answers.sort_unstable_by_key(|(at, _)| *at);
        let read = |value| from_redis_value(value).map_err(|_| StoreError::Unexpected(name));
        answers.into_iter().map(|(_, answer)| self.note(name, answer).and_then(read)).collect()
    }

    /// Sends one plain command over a connection of the caller's choice.
    pub(super) async fn command<T: FromRedisValue>(
        &self,
        lane: Lane,
        name: &'static str,
        Command { bucket, cmd }: Command,
    ) -> Result<T, StoreError> {
        self.metrics.store_calls.with_label_values(&[name]).inc();
        let primary = self.note(name, self.topology.of(bucket).await.map_err(StoreError::unsent))?;
        let answer = self.ask(primary, &Question { lane, bucket, cmd: &cmd, function: None }).await;
        from_redis_value(self.note(name, answer)?.value).map_err(|_| StoreError::Unexpected(name))
    }

    /// Sends a pipeline. A command that is refused did nothing: it is asked again by itself, wherever its bucket is by now.
    async fn send_all(&self, lane: Lane, mut group: Group) -> Vec<(usize, Result<Value, StoreError>)> {
        group.pipeline.ignore_errors();
        let Group { primary, pipeline, of } = &group;
        let sent = primary.link(lane).within_time(self.timeout, |connection| async move {
            pipeline.query_async::<Vec<RedisResult<Value>>>(&mut connection.redis()).await.map_err(StoreError::from)
        });
        let answers = match sent.await {
            Ok(answers) => answers,
            Err(error) => {
                if error.suspects_map() {
                    self.topology.suspect();
                }
                return of.iter().map(|(at, _)| (*at, Err(error.clone()))).collect();
            }
        };
        let (mut answered, mut refused) = (Vec::with_capacity(of.len()), Vec::new());
        for ((&(at, bucket), cmd), answer) in of.iter().zip(pipeline.cmd_iter()).zip(answers) {
            match answer {
                Ok(value) => answered.push((at, Ok(value))),
                Err(_) => refused.push(async move {
                    let question = Question { lane, bucket, cmd, function: None };
                    (at, self.ask(Arc::clone(primary), &question).await.map(|answered| answered.value))
                }),
            }
        }
        answered.extend(join_all(refused).await);
        answered
    }
}
