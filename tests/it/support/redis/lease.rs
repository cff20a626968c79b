//! Servers that the tests of one process use in turn, where somebody started some for them (`topology::suite`).
//!
//! To start a cluster takes two seconds and several processes; to empty one takes a millisecond.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Condvar, LazyLock, Mutex},
    time::Duration,
};

use redis::{Client, Connection};

/// Names the file that lists them, one to a line: the sidecar's URL, then the unix socket of each primary, with a tab
/// before each.
pub const VARIABLE: &str = "OTP_TEST_SERVERS";
/// Longer than any test that holds some.
const FREE_WITHIN: Duration = Duration::from_secs(300);

/// One server, or one cluster of them, that is this test's until it is dropped.
#[derive(Debug)]
pub struct Lease {
    shared: Option<Shared>,
}

/// Where to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// What `REDIS_URL` should say.
    pub url: String,
    /// The unix sockets of its primaries.
    pub sockets: Vec<PathBuf>,
}

struct Pool {
    free: Mutex<Vec<Shared>>,
    returned: Condvar,
}

static POOL: LazyLock<Option<Pool>> = LazyLock::new(|| {
    let path = std::env::var_os(VARIABLE)?;
    let list = fs::read_to_string(path).expect("the list of servers");
    Some(Pool { free: Mutex::new(list.lines().map(Shared::read).collect()), returned: Condvar::new() })
});

impl Lease {
    /// An empty one, once there is one to be had; `None` where tests start their own.
    ///
    /// # Panics
    /// If none becomes free.
    #[track_caller]
    pub fn take() -> Option<Self> {
        let pool = POOL.as_ref()?;
        let free = pool.free.lock().unwrap();
        let (mut free, waited) = pool.returned.wait_timeout_while(free, FREE_WITHIN, |free| free.is_empty()).unwrap();
        assert!(!waited.timed_out(), "no server became free");
        let lease = Self { shared: free.pop() };
        drop(free);
        lease.sockets().iter().for_each(|socket| empty(socket));
        Some(lease)
    }

    /// What `REDIS_URL` should say.
    pub fn url(&self) -> &str {
        self.shared.as_ref().map_or("", |shared| &shared.url)
    }

    /// The unix sockets of its primaries.
    pub fn sockets(&self) -> &[PathBuf] {
        self.shared.as_ref().map_or(&[], |shared| &shared.sockets)
    }
}

/// A test in which the sidecar was denied something has failed, whatever it looked at itself.
impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(pool), Some(shared)) = (POOL.as_ref(), self.shared.take()) else { return };
        let denied: Vec<String> = shared.sockets.iter().flat_map(|socket| denied(socket)).collect();
        pool.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(shared);
        pool.returned.notify_one();
        if !std::thread::panicking() {
            assert!(denied.is_empty(), "deploy/redis.acl denied something: {denied:?}");
        }
    }
}

impl Shared {
    /// One line of the list.
    pub fn read(line: &str) -> Self {
        let mut words = line.split('\t');
        let url = words.next().unwrap_or_default().to_owned();
        Self { url, sockets: words.map(PathBuf::from).collect() }
    }

    /// Its line of the list.
    pub fn line(&self) -> String {
        let sockets = self.sockets.iter().map(|socket| format!("\t{}", socket.display()));
        format!("{}{}\n", self.url, sockets.collect::<String>())
    }
}

/// What users were denied since it was emptied.
fn denied(socket: &Path) -> Vec<String> {
    let log: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query(&mut open(socket)).expect("its log");
    log.iter().map(|entry| format!("{entry:?}")).collect()
}

fn open(socket: &Path) -> Connection {
    let client = Client::open(format!("unix://{}", socket.display())).expect("a Redis URL");
    client.get_connection().expect("a server of the run")
}

/// As new: without data, without the connections of the test before, and with the settings that it may have changed.
fn empty(socket: &Path) {
    redis::pipe()
        .cmd("CLIENT")
        .arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"])
        .cmd("CONFIG")
        .arg(&["SET", "maxmemory", "0", "maxmemory-policy", "noeviction", "min-replicas-to-write", "0"])
        .cmd("ACL")
        .arg(&["LOG", "RESET"])
        .cmd("FLUSHALL")
        .exec(&mut open(socket))
        .expect("a server that can be emptied");
}

#[test]
fn a_line_of_the_list_reads_as_it_was_written() {
    let shared = Shared { url: "redis+cluster://a:1,b:2".into(), sockets: vec!["/a/s".into(), "/b/s".into()] };
    assert_eq!(Shared::read(shared.line().trim_end()), shared);
}
