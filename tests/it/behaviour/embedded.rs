//! Without `REDIS_URL`: a store of our own.

use crate::support::{Sidecar, launch::Builder, wait};

#[tokio::test]
async fn nothing_need_be_set_to_issue_and_check_a_code() {
    let secrets = ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS"];
    let sidecar = secrets.into_iter().fold(Sidecar::builder(), |builder: Builder, name| builder.unset(name)).start();
    let issued = sidecar.client().issue("ada").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn what_was_issued_outlives_a_restart() {
    let builder = Sidecar::builder().unset("OTP_PEPPER").unset("OTP_INDEX_KEY");
    let mut sidecar = builder.clone().start();
    let issued = sidecar.client().issue("ada").await;
    assert!(sidecar.terminate().0.success());
    let sidecar = builder.start();
    sidecar.client().send("ada").await.refused(429, "resend_cooldown");
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn after_a_crash_it_starts_again_on_the_same_data() {
    let builder = Sidecar::builder();
    let mut sidecar = builder.clone().start();
    sidecar.client().issue("ada").await;
    sidecar.kill();
    let sidecar = builder.start();
    sidecar.client().issue("bob").await;
}

/// A directory's name is a name, whatever its characters mean in a URL or in a configuration file.
#[tokio::test]
async fn the_data_directory_may_be_called_anything() {
    let home = tempfile::tempdir().unwrap();
    for name in ["a#b", "a?b=c", "a%41b", "a b", "a\"b'c", "ü{title}"] {
        let data = home.path().join(name);
        let sidecar = Sidecar::start(&[("OTP_DATA_DIR", data.to_str().unwrap())]);
        sidecar.client().issue("ada").await;
        assert!(data.join("redis").join("redis.log").exists(), "{name}");
    }
}

#[test]
fn without_any_server_to_start_it_says_what_to_do() {
    let (code, stderr) = Sidecar::expect_no_start(&[("PATH", "/nowhere")]);
    assert_ne!(code, 0);
    assert!(stderr.contains("redis-server") && stderr.contains("REDIS_URL"), "{stderr}");
}

#[test]
fn its_store_ends_with_it() {
    let mut sidecar = Sidecar::start(&[]);
    let below = sidecar.children();
    assert!(!below.is_empty(), "it runs a store of its own");
    assert!(sidecar.terminate().0.success());
    let gone = || below.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(());
    wait::until("the store to end", wait::PATIENCE, gone);
}

/// Not even SIGKILL, after which we can do nothing, leaves a server behind.
#[test]
fn its_store_ends_even_when_it_is_killed() {
    let mut sidecar = Sidecar::start(&[]);
    let below = sidecar.children();
    assert!(!below.is_empty(), "it runs a store of its own");
    sidecar.kill();
    let gone = || below.iter().all(|pid| !runs(*pid)).then_some(());
    wait::until("the store to end", wait::PATIENCE, gone);
}

#[tokio::test]
async fn its_store_is_started_again_when_it_dies() {
    let sidecar = Sidecar::start(&[]);
    let issued = sidecar.client().issue("ada").await;
    for pid in sidecar.children() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
    let client = sidecar.client();
    wait::until_async("work to resume", wait::PATIENCE, async || {
        (client.get("/readyz").await.status == 200 && client.send("bob").await.status == 201).then_some(())
    })
    .await;
    // What was written within the last second may not be on disk, so that no code of before is good.
    let answer = client.check_id(&issued.id, &issued.code).await.is(200);
    assert!(["expired", "not_found"].contains(&answer.str("status")), "{answer:?}");
    sidecar.logs("a word about it", |line| line.contains("embedded Redis restarted"));
}

#[test]
fn a_second_one_on_the_same_directory_is_refused() {
    let builder = Sidecar::builder();
    let _first = builder.clone().start();
    let (code, stderr) = builder.expect_no_start();
    assert_eq!(code, 73, "{stderr}");
    assert!(stderr.contains("in use by another otp-sidecar") && stderr.contains("OTP_DATA_DIR"), "{stderr}");
}

fn runs(pid: u32) -> bool {
    // A process that has ended and waits to be reaped by its new parent is gone for all that matters here.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
