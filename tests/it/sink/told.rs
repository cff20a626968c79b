//! What a receiver is told of whom, and what an operator is of a receiver.

use std::time::{Duration, Instant};

use super::{
    all_arrive, posted,
    receiver::{Receiver, json},
    rig, webhook,
};
use crate::{
    sms::provider::Provider,
    support::{
        Authority, Sidecar, TrailDir,
        wait::{self, PATIENCE},
    },
};

const USER: &str = "ann@shop.example";

#[track_caller]
fn logs(sidecar: &Sidecar, why: &str) {
    let is = |line: &String| line.contains("events wait for a sink") && line.contains(why);
    wait::until(why, PATIENCE, || sidecar.log_lines().iter().any(is).then_some(()));
}

#[tokio::test]
async fn names_go_to_whom_they_may() {
    for (names, by_hook, by_syslog) in [("none", false, false), ("webhook", true, false), ("all", true, true)] {
        let (dir, hook, syslog) = (TrailDir::new(), Provider::start(), Receiver::start());
        let (url, to) = (hook.url("200"), syslog.url());
        let more = [("OTP_SYSLOG_URL", &*to), ("OTP_EXPORT_NAMES", names)];
        let rig = rig(&dir, &[&webhook(&url, "send")[..], &more].concat());
        rig.client.issue(USER).await;
        all_arrive(&dir, &rig.redis, || syslog.identities());
        let told = &hook.wait(1)[0];
        assert_eq!(told.data()["who"]["subject"] == USER, by_hook, "{names}");
        assert_eq!(told.text.contains(USER), by_hook, "{names}");
        let sent = syslog.messages().into_iter().find(|message| json(message)["type"] == "send").unwrap();
        assert_eq!(json(&sent)["who"]["subject"] == USER, by_syslog, "{names}");
        assert_eq!(sent.contains(USER), by_syslog, "{names}");
    }
}

/// The runbook promises the cause.
#[tokio::test]
async fn the_log_has_what_was_met() {
    let provider = Provider::start();
    let authority = Authority::new();
    let ca = authority.cert().display().to_string();
    let tls = provider.url("200").replace("http:", "https:");
    let mut rigs = Vec::new();
    for (url, why) in [
        ("http://nowhere.invalid/", "failed to lookup address information"),
        ("http://127.0.0.1:1/", "Connection refused"),
        (&tls, "tls handshake eof"),
        (&provider.url("close"), "connection closed before message completed"),
        (&provider.url("garbage"), "invalid HTTP version"),
        (&provider.url("continue"), "only answers that are none (1xx)"),
        (&provider.url("401"), "status 401"),
        (&provider.url("hang"), "no answer within 15s"),
    ] {
        let dir = TrailDir::new();
        let rig = rig(&dir, &[&webhook(url, "all")[..], &[("OTP_WEBHOOK_CA", &ca)]].concat());
        rigs.push((rig, dir, why));
    }
    for (rig, _, why) in &rigs {
        logs(&rig.sidecar, why);
    }
}

#[tokio::test]
async fn a_name_that_nobody_knows_costs_no_other_sink_and_no_event() {
    let (dir, hook) = (TrailDir::new(), Provider::start());
    let url = hook.url("200");
    let unknown = [("OTP_SYSLOG_URL", "syslog+tcp://nowhere.invalid:601")];
    let mut rig = rig(&dir, &[&webhook(&url, "all")[..], &unknown].concat());
    rig.issue_all("ann", 5).await;
    all_arrive(&dir, &rig.redis, || posted(&hook.asked()));
    logs(&rig.sidecar, "failed to lookup address information");
    assert!(rig.sidecar.terminate().0.success());
    let (receiver, trail) = (Receiver::start(), dir.variables());
    let (url, trail): (_, Vec<_>) =
        (receiver.url(), trail.iter().map(|(name, value)| (*name, value.as_str())).collect());
    let _mended = rig.another(&[&trail[..], &[("OTP_SYSLOG_URL", &url)]].concat());
    all_arrive(&dir, &rig.redis, || receiver.identities());
}

/// A receiver that wants no rest has some all the same.
#[tokio::test]
async fn whoever_asks_for_no_pause_has_one() {
    let (provider, dir) = (Provider::start(), TrailDir::new());
    let url = provider.url("soon");
    let rig = rig(&dir, &webhook(&url, "send"));
    let began = Instant::now();
    rig.client.issue("ann").await;
    provider.wait(3);
    // Half of 1 s and of 2 s at least.
    assert!(began.elapsed() > Duration::from_millis(1500), "{:?}", began.elapsed());
}
