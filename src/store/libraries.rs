//! Function libraries of other versions: one that no sidecar has named for a day is deleted, so that no server collects them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{FromRedisValue as _, RedisResult, Value, aio::MultiplexedConnection};

use super::{Store, connection::Lane, functions, key::library as key_of};
use crate::event::Bucket;

/// How long a name stays where no sidecar says it again.
const NAMED: Duration = Duration::from_secs(86_400);
/// How often a sidecar says it, and looks for others.
const AGAIN: Duration = Duration::from_secs(3600);

/// When the libraries were last looked at.
#[derive(Debug, Default)]
pub(super) struct Looked(Mutex<Option<Instant>>);

impl Looked {
    /// Answers whether it is time to look again, and counts as a look if so.
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= AGAIN);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

impl Store {
    /// Names our library on each primary, and deletes those that nobody names any more, at the first call and then once an hour;
    /// none where the rights are missing. One that is deleted although somebody still uses it is loaded again by its next call.
    pub(super) async fn tidy_libraries(&self) {
        if !self.libraries.is_due() {
            return;
        }
        for holder in self.topology.map().holders() {
            let Some(bucket) = holder.buckets.first().copied() else { continue };
            let link = holder.primary.link(Lane::Background);
            if let Err(error) =
                link.within(|connection| async move { Ok(tidy(connection.redis(), bucket).await?) }).await
            {
                tracing::debug!(%error, "function libraries of other versions stay");
            }
        }
    }
}

async fn tidy(mut redis: MultiplexedConnection, bucket: Bucket) -> RedisResult<()> {
    let mut ours = redis::cmd("SET");
    ours.arg(key_of(bucket, functions::library())).arg("").arg("PX").arg(NAMED.as_millis());
    ours.exec_async(&mut redis).await?;
    let list: Vec<HashMap<String, Value>> =
        redis::cmd("FUNCTION").arg("LIST").arg("LIBRARYNAME").arg("otp_*").query_async(&mut redis).await?;
    let names =
        list.into_iter().filter_map(|mut library| String::from_redis_value(library.remove("library_name")?).ok());
    for name in names.filter(|name| is_ours(name)) {
        let named: Option<Vec<u8>> = redis::cmd("GET").arg(key_of(bucket, &name)).query_async(&mut redis).await?;
        if named.is_none() {
            redis::cmd("FUNCTION").arg("DELETE").arg(&name).exec_async(&mut redis).await?;
            tracing::info!(library = name, "deleted a function library that no sidecar has named for a day");
        }
    }
    Ok(())
}

/// `otp_` and 16 hexadecimal digits.
fn is_ours(name: &str) -> bool {
    name.strip_prefix("otp_").is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
