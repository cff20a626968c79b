//! A disk that takes no more of the audit trail, or is gone, and comes back: events wait, then calls are refused, then all
//! of it is written.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::{Client, Metrics, Preload, Redis, Sidecar, TrailDir, rig::UNLIMITED, wait};

const SOON: Duration = wait::PATIENCE;
/// Room for some of the events below.
const FULL_AT: u64 = 20_000;

fn start(redis: &Redis, dir: &TrailDir, variables: &[(&str, &str)]) -> Sidecar {
    let mut builder = Sidecar::builder().on(redis).set_all(&UNLIMITED).set_all(variables);
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    builder.start()
}

/// Lets no file of the sidecar grow beyond this, or as it likes: what a disk without room does, at a byte of our choice.
fn limit(sidecar: &Sidecar, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(sidecar.pid()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

fn waiting(redis: &Redis) -> u64 {
    redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum()
}

#[track_caller]
fn all_is_written(redis: &Redis, dir: &TrailDir) {
    wait::until("an empty outbox", SOON, || (waiting(redis) == 0).then_some(()));
    dir.is_sound();
    assert_eq!(dir.identities(), TrailDir::all_of(redis));
}

async fn failing(sidecar: &Sidecar) {
    let failed = || async {
        let metrics = Metrics::fetch(sidecar).await;
        (metrics.value("otp_audit_write_errors_total", &[("what", "trail")]) > 0.0).then_some(())
    };
    wait::until_async("a write to fail", SOON, failed).await;
}

async fn issue(client: &Client, prefix: &str, count: usize) {
    for n in 0..count {
        client.send(&format!("{prefix}{n}")).await;
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_once_there_is_room_all_is_written() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let backlog = [("OTP_AUDIT_SOFT_BACKLOG", "50"), ("OTP_AUDIT_HARD_BACKLOG", "100")];
    let mut sidecar = start(&redis, &dir, &backlog);
    limit(&sidecar, Some(FULL_AT));
    let client = sidecar.client();
    issue(&client, "early", 20).await;
    let refused = || async {
        issue(&client, "late", 20).await;
        (client.send("ann").await.status == 503).then_some(())
    };
    wait::until_async("sends to be refused", SOON, refused).await;
    client.send("ann").await.refused(503, "audit_backlog");
    failing(&sidecar).await;
    sidecar.logs("a word about it", |line| line.contains("events stay in the outbox"));
    assert!(waiting(&redis) > 100);
    // What is there is sound all the same.
    dir.is_sound();
    limit(&sidecar, None);
    let again = || async { (client.send("ann").await.status == 201).then_some(()) };
    wait::until_async("sends to be taken again", SOON, again).await;
    all_is_written(&redis, &dir);
    assert!(sidecar.terminate().0.success());
    all_is_written(&redis, &dir);
    assert_eq!(dir.events().len(), dir.identities().len(), "each event once");
}

#[tokio::test]
async fn a_directory_that_goes_and_comes_back_loses_nothing() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let sidecar = start(&redis, &dir, &[]);
    let client = sidecar.client();
    issue(&client, "early", 10).await;
    wait::until("an empty outbox", SOON, || (waiting(&redis) == 0).then_some(()));
    let away = dir.beside("away");
    fs::rename(dir.path(), &away).unwrap();
    fs::write(dir.path(), "a file").unwrap();
    issue(&client, "late", 10).await;
    failing(&sidecar).await;
    assert!(waiting(&redis) >= 10);
    fs::remove_file(dir.path()).unwrap();
    fs::rename(&away, dir.path()).unwrap();
    issue(&client, "again", 10).await;
    all_is_written(&redis, &dir);
}

/// A disk that a test makes slow, or read-only, while a sidecar writes to it.
struct Disk {
    library: Preload,
    told: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let library = Preload::build(include_str!("../support/disk.c"));
        Self { told: library.beside("disk"), library }
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.library.variables("DISK", &self.told)
    }

    fn is(&self, how: &str) {
        fs::write(&self.told, how).unwrap();
    }

    fn is_well(&self) {
        fs::remove_file(&self.told).unwrap();
    }
}

#[tokio::test]
async fn a_slow_disk_keeps_no_call_waiting() {
    let (redis, dir, disk) = (Redis::start(), TrailDir::new(), Disk::new());
    let variables = disk.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut sidecar = start(&redis, &dir, &variables);
    let client = sidecar.client();
    issue(&client, "early", 5).await;
    wait::until("an empty outbox", SOON, || (waiting(&redis) == 0).then_some(()));
    disk.is("slow");
    client.issue("ann").await;
    // One write takes three seconds at least, and no call a part of that.
    let (before, mut longest) = (dir.events().len(), Duration::ZERO);
    for n in 0..300 {
        let begun = Instant::now();
        client.issue(&format!("late{n}")).await;
        longest = longest.max(begun.elapsed());
    }
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    assert!(waiting(&redis) > 0 && dir.events().len() <= before + 301);
    dir.is_sound();
    disk.is_well();
    all_is_written(&redis, &dir);
    assert!(sidecar.terminate().0.success());
    dir.is_sound();
}

#[tokio::test]
async fn a_disk_that_became_read_only_loses_nothing_and_once_it_is_not_all_is_written() {
    let (redis, dir, disk) = (Redis::start(), TrailDir::new(), Disk::new());
    let variables = disk.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sidecar = start(&redis, &dir, &variables);
    let client = sidecar.client();
    issue(&client, "early", 10).await;
    wait::until("an empty outbox", SOON, || (waiting(&redis) == 0).then_some(()));
    disk.is("read-only");
    issue(&client, "late", 10).await;
    failing(&sidecar).await;
    assert!(waiting(&redis) >= 10);
    dir.is_sound();
    disk.is_well();
    issue(&client, "again", 10).await;
    all_is_written(&redis, &dir);
    assert_eq!(dir.trails().len(), 1, "it goes on with the one that it had");
}
