//! Without `REDIS_URL`: a store of our own.

use std::time::Duration;

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
    wait::until("the store to end", Duration::from_secs(5), gone);
}
