//! Whose data a server holds: the replication id, which changes when a replica becomes a primary and when a server starts
//! anew. What was written before may be lost then.

use redis::{Cmd, aio::MultiplexedConnection};

use crate::store::{StoreError, reason::denied};

/// Replication info says whose data a server has, and who follows it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::store) struct ReplicationInfo {
    /// The server's replication id: 40 hex digits.
    pub(in crate::store) id: String,
    /// The one it was promoted from; zeros where it was not.
    pub(in crate::store) replid2: String,
    /// Replicas that have its data and follow it.
    pub(in crate::store) replicas: usize,
    /// Whether the server is a primary.
    pub(in crate::store) primary: bool,
    /// Whether it keeps an append-only file, so that it starts anew with what it had.
    pub(in crate::store) appends: bool,
    /// This run of its process, and how long it has lasted, s.
    pub(in crate::store) run_id: String,
    pub(in crate::store) uptime: u64,
}

impl ReplicationInfo {
    /// Whether it was promoted: went on from another server's data, or from its own of an earlier run.
    pub(in crate::store) fn promoted(&self) -> bool {
        self.replid2.bytes().any(|digit| digit != b'0')
    }

    /// Asks a server.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] while it reads its data from the disk.
    pub(in crate::store) async fn ask(connection: &mut MultiplexedConnection) -> Result<Self, StoreError> {
        let asked = question().query_async::<String>(connection).await;
        let info = asked.map_err(|error| match denied(&error, &["INFO"]) {
            Some(why) => StoreError::Unusable(why),
            None => error.into(),
        })?;
        Self::read(&info)
    }

    /// Reads an answer to [`question`].
    pub(in crate::store) fn read(info: &str) -> Result<Self, StoreError> {
        if field(info, "loading") == Some("1") {
            return Err(StoreError::Refused("LOADING".into()));
        }
        if field(info, "redis_mode") == Some("sentinel") {
            return Err(StoreError::Unusable(
                "a Sentinel listens there: write redis+sentinel://host:26379/<name>".into(),
            ));
        }
        let named = |name| field(info, name).filter(|id| id.len() == 40).map(str::to_owned);
        let id = named("master_replid").ok_or(StoreError::Unexpected("INFO"))?;
        let replid2 = named("master_replid2").unwrap_or_default();
        // Those that are only being sent all of it, as a backup is, have nothing yet, and are not waited for either.
        let online = |line: &&str| {
            let Some((name, rest)) = line.strip_prefix("slave").and_then(|line| line.split_once(':')) else {
                return false;
            };
            name.bytes().all(|byte| byte.is_ascii_digit()) && rest.contains("state=online")
        };
        let replicas = info.lines().filter(online).count();
        let uptime = field(info, "uptime_in_seconds").and_then(|n| n.parse().ok()).unwrap_or(0);
        let primary = field(info, "role") == Some("master");
        let appends = field(info, "aof_enabled") == Some("1");
        let run_id = field(info, "run_id").unwrap_or_default().to_owned();
        Ok(Self { id, replid2, replicas, primary, appends, run_id, uptime })
    }
}

/// What a server is asked about it.
pub(in crate::store) fn question() -> Cmd {
    let mut info = redis::cmd("INFO");
    info.arg("server").arg("replication").arg("persistence");
    info
}

/// A field of an answer to `INFO`.
pub(in crate::store) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
