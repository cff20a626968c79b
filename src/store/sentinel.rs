//! Where the primary is: asked of all Sentinels at once, since one that was cut off from the others may be the last to know.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use super::{StoreError, connect::Access, server::Place};

/// See the module.
pub(super) struct Sentinels {
    all: Vec<Arc<Sentinel>>,
    name: String,
}

/// One of them, and the connection to it, which is kept from question to question.
struct Sentinel {
    access: Access,
    place: Place,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Sentinels {
    /// Those at `places`, asked for the primary `name`.
    pub(super) fn new(access: &Access, places: &[Place], name: String) -> Self {
        let one = |place: &Place| {
            Arc::new(Sentinel { access: access.clone(), place: place.clone(), connection: Mutex::default() })
        };
        Self { all: places.iter().map(one).collect(), name }
    }

    /// Where more than half of those that are configured say that the primary is.
    ///
    /// # Errors
    /// [`StoreError::Disconnected`] if they do not; [`StoreError::Unfit`] if more than half know no such primary.
    pub(super) async fn primary(&self) -> Result<Place, StoreError> {
        let mut asking = JoinSet::new();
        for sentinel in &self.all {
            let (sentinel, name) = (Arc::clone(sentinel), self.name.clone());
            asking.spawn(async move { sentinel.asked(&name).await });
        }
        let (mut said, mut unknown, mut unfit): (Vec<(Place, usize)>, usize, _) = (Vec::new(), 0, None);
        while let Some(answer) = asking.join_next().await {
            match answer {
                Ok(Ok(Some(place))) => {
                    let votes = match said.iter_mut().find(|(known, _)| *known == place) {
                        Some((_, votes)) => {
                            *votes += 1;
                            *votes
                        }
                        None => {
                            said.push((place.clone(), 1));
                            1
                        }
                    };
                    if votes > self.all.len() / 2 {
                        return Ok(place);
                    }
                }
                Ok(Ok(None)) => unknown += 1,
                Ok(Err(error @ StoreError::Unfit(_))) => unfit = Some(error),
                Ok(Err(_)) | Err(_) => {}
            }
        }
        if unknown > self.all.len() / 2 {
            return Err(StoreError::Unfit("the Sentinels know no primary of the name that REDIS_URL gives".into()));
        }
        // One alone may be the last to know.
        Err(unfit.unwrap_or(StoreError::Disconnected))
    }
}

impl Sentinel {
    /// Where it says that the primary is, `None` if it knows none of that name.
    async fn asked(&self, name: &str) -> Result<Option<Place>, StoreError> {
        // Some of the time is for the primary itself.
        let time: Duration = self.access.timeout() / 2;
        let answer = tokio::time::timeout(time, self.ask(name)).await.unwrap_or(Err(StoreError::TimedOut));
        if answer.is_err() {
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        answer
    }

    async fn ask(&self, name: &str) -> Result<Option<Place>, StoreError> {
        let known = self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut connection = match known {
            Some(connection) => connection,
            None => self.access.connect(self.access.address(&self.place)).await?,
        };
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        let said: Option<(String, u16)> = question.query_async(&mut connection).await?;
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(said.map(|(host, port)| Place { host, port }))
    }
}
