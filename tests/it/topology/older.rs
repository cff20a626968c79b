//! Data that are older than what was exported: a backup that was restored, or a server that was emptied.

use std::{collections::BTreeSet, fs, time::Duration};

use super::on;
use crate::support::{Metrics, Redis, RedisOptions, Sidecar, trail::TrailDir, wait};

const SOON: Duration = wait::PATIENCE;

/// A server that writes its data to the disk when it is told to, and reads them when it starts.
fn redis() -> Redis {
    Redis::with(RedisOptions { tcp: true, ..RedisOptions::default() })
}

fn on_with(redis: &Redis, trail: &TrailDir, more: &[(&str, &str)]) -> Sidecar {
    let builder = on(&redis.sidecars_url()).set_all(more);
    trail.variables().iter().fold(builder, |builder, (name, value)| builder.set(name, value)).start()
}

/// The epochs of all events in the trail.
fn epochs(trail: &TrailDir) -> BTreeSet<u64> {
    trail.identities().iter().map(|(_, epoch, _)| *epoch).collect()
}

async fn readiness_becomes(sidecar: &Sidecar, status: u16) {
    let (client, what) = (sidecar.client(), format!("readiness {status}"));
    let look = || async { (client.get("/readyz").await.status == status).then_some(()) };
    wait::until_async(&what, SOON, look).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_restored_is_refused_until_an_operator_accepts_it() {
    let (mut redis, trail) = (redis(), TrailDir::new());
    let mut sidecar = on_with(&redis, &trail, &[]);
    let client = sidecar.client();
    let [old, kept] = [client.issue("ada").await, client.issue("bob").await];
    redis.cli(&["SAVE"]);
    let (data, backup) = (redis.dir().join("dump.rdb"), redis.dir().join("backup.rdb"));
    fs::copy(&data, &backup).unwrap();

    // It starts anew with what was on disk: whatever was written since is lost, and so all codes are void.
    redis.restart();
    wait::until("the next epoch to be exported", SOON, || epochs(&trail).contains(&2).then_some(()));
    readiness_becomes(&sidecar, 200).await;
    client.check_id(&kept.id, &kept.code).await.rejected("expired", "expired");
    redis.cli(&["SAVE"]);

    // A backup of the epoch before, under a sidecar that runs and under one that starts.
    redis.kill();
    fs::copy(&backup, &data).unwrap();
    redis.restart();
    readiness_becomes(&sidecar, 503).await;
    client.send("ada").await.refused(503, "store_unavailable");
    client.check_id(&old.id, &old.code).await.refused(503, "store_unavailable");
    let told = || sidecar.log_lines().iter().any(|line| line.contains("OTP_ACCEPT_OLDER_STORE=2")).then_some(());
    wait::until("the log to say why", SOON, told);
    sidecar.terminate();
    let (url, variables) = (redis.sidecars_url(), trail.variables());
    let mut start: Vec<(&str, &str)> = vec![("REDIS_URL", &url)];
    start.extend(variables.iter().map(|(name, value)| (*name, &**value)));
    let refused = |more: &[(&str, &str)]| {
        let (code, stderr) = Sidecar::expect_no_start(&[&start, more].concat());
        assert!(code == 69 && stderr.contains("older data") && stderr.contains("OTP_ACCEPT_OLDER_STORE=2"), "{stderr}");
    };
    refused(&[]);
    // What was accepted for another loss is not accepted for this one.
    refused(&[("OTP_ACCEPT_OLDER_STORE", "1")]);

    let accepted = on_with(&redis, &trail, &[("OTP_ACCEPT_OLDER_STORE", "2")]);
    let client = accepted.client();
    client.check_id(&old.id, &old.code).await.rejected("expired", "expired");
    let fresh = client.issue("ada").await;
    client.check_id(&fresh.id, &fresh.code).await.approved();
    wait::until("the epoch above both to be exported", SOON, || epochs(&trail).contains(&3).then_some(()));
    drop(accepted);
    trail.is_sound();
}

/// One bucket that is as new as what was exported says nothing about the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bucket_that_is_whole_lets_no_other_through() {
    let (mut redis, trail) = (redis(), TrailDir::new());
    let sidecar = on_with(&redis, &trail, &[]);
    sidecar.client().issue("ada").await;
    redis.cli(&["SAVE"]);
    let (data, backup) = (redis.dir().join("dump.rdb"), redis.dir().join("backup.rdb"));
    fs::copy(&data, &backup).unwrap();
    redis.restart();
    wait::until("the next epoch to be exported", SOON, || epochs(&trail).contains(&2).then_some(()));
    redis.kill();
    fs::copy(&backup, &data).unwrap();
    redis.restart();
    readiness_becomes(&sidecar, 503).await;

    // It is with this server, and of a later epoch than any that was exported.
    let first = otp_sidecar::event::Bucket::all().next().unwrap();
    let [home, epoch] = ["home", "epoch"].map(|name| format!("otp:{{{}}}:{name}", first.tag()));
    let id = redis.info("replication", "master_replid");
    redis.cli(&["SET", &epoch, "9"]);
    redis.cli(&["SET", &home, &format!("{id}0000000")]);
    // Each second it looks anew.
    for _ in 0..25 {
        assert_eq!(sidecar.client().get("/readyz").await.status, 503);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (url, variables) = (redis.sidecars_url(), trail.variables());
    let mut start: Vec<(&str, &str)> = vec![("REDIS_URL", &url)];
    start.extend(variables.iter().map(|(name, value)| (*name, &**value)));
    let (code, stderr) = Sidecar::expect_no_start(&start);
    assert!(code == 69 && stderr.contains("older data"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_emptied_counts_on_where_it_was() {
    let (redis, trail) = (redis(), TrailDir::new());
    let mut sidecar = on_with(&redis, &trail, &[]);
    let issued = sidecar.client().issue("ada").await;
    wait::until("the event to be exported", SOON, || (!trail.identities().is_empty()).then_some(()));
    sidecar.terminate();
    redis.cli(&["FLUSHALL"]);

    let mut sidecar = on_with(&redis, &trail, &[]);
    sidecar.client().check_id(&issued.id, &issued.code).await.rejected("not_found", "not_found");
    sidecar.client().issue("ada").await;
    assert!(Metrics::fetch(&sidecar).await.value("otp_store_epochs_raised_total", &[]) >= 1.0);
    sidecar.terminate();
    // No two events have one identity: the trail proves itself still.
    assert!(epochs(&trail).contains(&2), "{:?}", epochs(&trail));
    trail.is_sound();
}
