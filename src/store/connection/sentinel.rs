//! Where the primary is: asked of all Sentinels at once, since one that was cut off from the others may be the last to know.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use super::{access::Access, host_port::HostPort};
use crate::store::{
    StoreError,
    reason::{SILENT, no_sentinel},
};

/// The Sentinels of one primary.
pub(super) struct Sentinels {
    all: Vec<Arc<Sentinel>>,
    name: String,
}

/// One of them, and the connection to it, which is kept from question to question.
struct Sentinel {
    access: Access,
    place: HostPort,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Sentinels {
    /// Those at `places`, asked for the primary `name`.
    pub(super) fn new(access: &Access, places: &[HostPort], name: String) -> Self {
        let one = |place: &HostPort| {
            Arc::new(Sentinel { access: access.clone(), place: place.clone(), connection: Mutex::default() })
        };
        Self { all: places.iter().map(one).collect(), name }
    }

    /// Where more than half of those that are configured say that the primary is.
    ///
    /// # Errors
    /// [`StoreError`] of one of them if they do not; [`StoreError::Unusable`] if more than half know no such primary.
    pub(super) async fn primary(&self) -> Result<HostPort, StoreError> {
        let mut asking = JoinSet::new();
        for sentinel in &self.all {
            let (sentinel, name) = (Arc::clone(sentinel), self.name.clone());
            asking.spawn(async move { sentinel.primary(&name).await });
        }
        let (mut said, mut unknown, mut last): (Vec<HostPort>, usize, _) = (Vec::new(), 0, StoreError::Disconnected);
        while let Some(answer) = asking.join_next().await {
            match answer {
                Ok(Ok(Some(place))) => {
                    said.push(place.clone());
                    // One alone may be the last to know.
                    if said.iter().filter(|known| **known == place).count() > self.all.len() / 2 {
                        return Ok(place);
                    }
                }
                Ok(Ok(None)) => unknown += 1,
                Ok(Err(error)) if !matches!(last, StoreError::Unusable(_)) => last = error,
                Ok(Err(_)) | Err(_) => {}
            }
        }
        if unknown > self.all.len() / 2 {
            return Err(StoreError::Unusable("the Sentinels know no primary of the name that REDIS_URL gives".into()));
        }
        Err(last)
    }
}

impl Sentinel {
    /// Where it says that the primary is, `None` if it knows none of that name.
    async fn primary(&self, name: &str) -> Result<Option<HostPort>, StoreError> {
        // Some of the time is for the primary itself.
        let time: Duration = self.access.timeout() / 2;
        let asked = tokio::time::timeout(time, self.ask(name)).await;
        let answer = asked.unwrap_or_else(|_| Err(StoreError::Unreachable(SILENT.into())));
        if answer.is_err() {
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        answer
    }

    async fn ask(&self, name: &str) -> Result<Option<HostPort>, StoreError> {
        let known = self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut connection = match known {
            Some(connection) => connection,
            None => self.access.connect(self.access.address(&self.place)).await?,
        };
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        let said = question.query_async::<Option<(String, u16)>>(&mut connection).await;
        let said = said.map_err(|error| no_sentinel(&error).map_or_else(|| error.into(), StoreError::Unusable))?;
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(said.map(|(host, port)| HostPort { host, port }))
    }
}
