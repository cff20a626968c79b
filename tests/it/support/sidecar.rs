//! The built binary, started with exactly the environment that a test gives it.

use std::{
    fs,
    process::{Child, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    Address, Client, keys,
    launch::{Builder, Lines},
    process,
    wait::{self, PATIENCE},
};

/// A running sidecar.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    /// Kept until it has ended.
    _home: Arc<TempDir>,
    stderr: Lines,
    stdout: Lines,
    log_unread: Arc<AtomicBool>,
    app: Address,
    admin: Address,
}

impl Sidecar {
    /// Starts one with the test's keys, ports of its own, and these variables on top. Without `REDIS_URL` among them
    /// it is the embedded default that starts.
    #[track_caller]
    pub fn start(variables: &[(&str, &str)]) -> Self {
        Self::builder().set_all(variables).start()
    }

    /// An environment with the test's keys, ports of its own, a fresh home, and no store yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts one that must refuse to; answers its exit code and all it wrote on stderr.
    ///
    /// # Panics
    /// If it still runs after a minute.
    #[track_caller]
    pub fn expect_no_start(variables: &[(&str, &str)]) -> (i32, String) {
        Self::builder().set_all(variables).expect_no_start()
    }

    /// Where the app's interface listens.
    pub fn app(&self) -> &Address {
        &self.app
    }

    /// Where the operator's interface listens.
    pub fn admin(&self) -> &Address {
        &self.admin
    }

    /// A client of the app's interface with the test's key.
    pub fn client(&self) -> Client {
        Client::new(self.app.clone()).with_key(keys::KEY)
    }

    /// A client of the operator's interface with the operator's key.
    pub fn admin_client(&self) -> Client {
        Client::new(self.admin.clone()).with_key(keys::ADMIN_KEY)
    }

    /// Everything written on stderr so far, line by line.
    pub fn log_lines(&self) -> Vec<String> {
        self.stderr.lock().unwrap().clone()
    }

    /// Reads its stderr no further, so that the pipe fills, or reads on.
    pub fn leave_log_unread(&self, unread: bool) {
        self.log_unread.store(unread, Ordering::Relaxed);
    }

    /// The events of calls and operators so far, one a line, as they came on stdout.
    pub fn event_lines(&self) -> Vec<String> {
        let own = |line: &String| line.contains("\"type\":\"start\"") || line.contains("\"type\":\"stop\"");
        self.all_event_lines().into_iter().filter(|line| !own(line)).collect()
    }

    /// Everything written on stdout so far: the events, those of the sidecar itself among them.
    pub fn all_event_lines(&self) -> Vec<String> {
        self.stdout.lock().unwrap().clone()
    }

    /// The processes it started itself and that still run, as Linux lists them.
    pub fn children(&self) -> Vec<u32> {
        let tasks =
            fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().filter_map(Result::ok);
        let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
    }

    /// SIGSTOP: its connections stay open and it does nothing.
    pub fn pause(&self) {
        process::signal(&self.child, Signal::STOP);
    }

    /// Ends a [`Sidecar::pause`].
    pub fn resume(&self) {
        process::signal(&self.child, Signal::CONT);
    }

    /// Memory it holds now, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL. All that it wrote before has been read.
    #[track_caller]
    pub fn kill(&mut self) {
        process::kill(&mut self.child);
        self.read_out();
    }

    /// SIGHUP.
    pub fn signal_hangup(&self) {
        process::signal(&self.child, Signal::HUP);
    }

    /// SIGTERM, without waiting.
    pub fn signal_terminate(&self) {
        process::signal(&self.child, Signal::TERM);
    }

    /// SIGTERM; answers how it ended and after how long.
    #[track_caller]
    pub fn terminate(&mut self) -> (ExitStatus, Duration) {
        self.signal_terminate();
        self.wait_exit(PATIENCE)
    }

    /// Waits for its end; answers how it ended and after how long. All that it wrote has been read.
    #[track_caller]
    pub fn wait_exit(&mut self, deadline: Duration) -> (ExitStatus, Duration) {
        let ended = process::wait_exit(&mut self.child, deadline);
        self.read_out();
        ended
    }

    /// Waits for a line of the log, which is read some time after it was written.
    #[track_caller]
    pub fn logs(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        wait::until(what, PATIENCE, || self.log_lines().into_iter().find(|line| is(line)))
    }

    /// Waits for an event on stdout, which comes some time after what it tells of.
    #[track_caller]
    pub fn tells(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        wait::until(what, PATIENCE, || self.event_lines().into_iter().find(|line| is(line)))
    }

    /// A reader of a stream that has ended is one owner less of its lines.
    #[track_caller]
    fn read_out(&self) {
        if !self.log_unread.load(Ordering::Relaxed) {
            for lines in [&self.stderr, &self.stdout] {
                wait::until("the end of what it wrote", PATIENCE, || (Arc::strong_count(lines) == 1).then_some(()));
            }
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        process::kill(&mut self.child);
        self.leave_log_unread(false);
        if thread::panicking() {
            eprintln!("--- log of the sidecar ---\n{}", self.log_lines().join("\n"));
        }
    }
}

impl Sidecar {
    /// Waits until a child just started has said where its operators are answered.
    #[track_caller]
    pub(super) fn listening(
        child: Child,
        home: Arc<TempDir>,
        stderr: Lines,
        stdout: Lines,
        log_unread: Arc<AtomicBool>,
    ) -> Self {
        // Where it listens is yet to be read; made whole at once so that `Drop` ends it if it never does.
        let nowhere = Address::Unix("/nowhere".into());
        let mut sidecar = Self { child, _home: home, stderr, stdout, log_unread, app: nowhere.clone(), admin: nowhere };
        sidecar.admin = sidecar.wait_listener("admin", PATIENCE);
        sidecar
    }

    /// Waits until it has said where the app is answered, which is once it is ready.
    #[track_caller]
    pub fn opens(&mut self) {
        self.app = self.wait_listener("app", PATIENCE);
    }

    #[track_caller]
    pub(super) fn wait_ready(&mut self) {
        let start = Instant::now();
        for address in [self.app.clone(), self.admin.clone()] {
            wait::until("/readyz to be 200", PATIENCE.saturating_sub(start.elapsed()), || {
                self.still_runs();
                (address.get_status("/readyz", Duration::from_secs(1)).ok()? == 200).then_some(())
            });
        }
    }

    /// The address that the log names for one listener.
    #[track_caller]
    fn wait_listener(&mut self, listener: &str, deadline: Duration) -> Address {
        wait::until(&format!("the {listener} listener"), deadline, || {
            self.still_runs();
            self.log_lines().iter().find_map(|line| listening(line, listener))
        })
    }

    #[track_caller]
    fn still_runs(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!("the sidecar ended: {status}");
        }
    }
}

/// Reads the address from a line like `{"message":"listening","listener":"app","address":"127.0.0.1:43123"}`, whose
/// fields may also stand in an object `fields`.
fn listening(line: &str, listener: &str) -> Option<Address> {
    let line: Value = serde_json::from_str(line).ok()?;
    let field = |name: &str| line.get(name).or_else(|| line.get("fields")?.get(name))?.as_str();
    let wanted = field("message")? == "listening" && field("listener")? == listener;
    if wanted { field("address")?.parse().ok() } else { None }
}

#[test]
fn addresses_are_learned_from_flat_and_from_nested_log_lines() {
    let flat = r#"{"message":"listening","listener":"app","address":"127.0.0.1:1"}"#;
    let nested = r#"{"level":"INFO","fields":{"message":"listening","listener":"admin","address":"unix:/a"}}"#;
    assert_eq!(listening(flat, "app"), "127.0.0.1:1".parse().ok());
    assert_eq!(listening(nested, "admin"), "unix:/a".parse().ok());
    assert_eq!(listening(flat, "admin"), None);
    assert_eq!(listening("not json", "app"), None);
}

#[test]
fn a_sidecar_starts_on_ports_of_its_own_and_ends_on_request() {
    let redis = super::Redis::start();
    let mut sidecar = Sidecar::builder().on(&redis).start();
    assert_ne!(sidecar.app(), sidecar.admin());
    assert!(sidecar.terminate().0.success());
}

#[tokio::test]
async fn both_listeners_may_be_unix_sockets() {
    let redis = super::Redis::start();
    let sidecar = Sidecar::builder().on(&redis).on_unix_sockets().start();
    assert!(matches!(sidecar.app(), Address::Unix(_)));
    sidecar.client().issue("ada").await;
}
