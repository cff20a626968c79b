//! Whose data a server holds: the replication id, which changes when a replica becomes a primary and when a server starts
//! anew. What was written before may be lost then.

use redis::{Cmd, aio::MultiplexedConnection};

use super::{StoreError, fitness::field};

/// See the module.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Lineage {
    /// The server's replication id: 40 hex digits.
    pub(super) id: String,
    /// The one it went on from when it became a primary; zeros where it went on from none.
    pub(super) before: String,
    /// Replicas that have its data and follow it.
    pub(super) replicas: usize,
    /// Whether the server is a primary.
    pub(super) primary: bool,
    /// Whether it keeps an append-only file, so that it starts anew with what it had.
    pub(super) appends: bool,
    /// This run of its process, and how long it has lasted, s.
    pub(super) run: String,
    pub(super) uptime: u64,
}

impl Lineage {
    /// Whether it went on from another server's data, or from its own of an earlier run.
    pub(super) fn went_on(&self) -> bool {
        self.before.bytes().any(|digit| digit != b'0')
    }

    /// Asks a server.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Refused`] while it reads its data from the disk.
    pub(super) async fn ask(connection: &mut MultiplexedConnection) -> Result<Self, StoreError> {
        let asked = question().query_async::<String>(connection).await;
        let info = asked.map_err(StoreError::from).map_err(|error| match error {
            StoreError::Refused(code) if code == "NOPERM" => {
                StoreError::Unfit("its ACL denies INFO to this user".into())
            }
            error => error,
        })?;
        Self::read(&info)
    }

    /// Reads an answer to [`question`].
    ///
    /// # Errors
    /// As [`Lineage::ask`].
    pub(super) fn read(info: &str) -> Result<Self, StoreError> {
        if field(info, "loading") == Some("1") {
            return Err(StoreError::Refused("LOADING".into()));
        }
        let named = |name| field(info, name).filter(|id| id.len() == 40).map(str::to_owned);
        let id = named("master_replid").ok_or(StoreError::Unexpected("INFO"))?;
        let before = named("master_replid2").unwrap_or_default();
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
        let run = field(info, "run_id").unwrap_or_default().to_owned();
        Ok(Self { id, before, replicas, primary, appends, run, uptime })
    }
}

/// What a server is asked about it.
pub(super) fn question() -> Cmd {
    let mut info = redis::cmd("INFO");
    info.arg("server").arg("replication").arg("persistence");
    info
}
