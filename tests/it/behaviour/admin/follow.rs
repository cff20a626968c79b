//! `events --follow`: events as they come, for as long as somebody looks.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use serde_json::{Value, json};

use super::{SOON, cli::url, rig};
use crate::support::{Rig, keys, process, wait};

/// Somebody who follows the sends.
fn following(rig: &Rig, stderr: Stdio) -> Child {
    process::command(env!("CARGO_BIN_EXE_otp-sidecar"))
        .args(["events", "--follow", "--json", "--type", "send"])
        .env_clear()
        .envs([("OTP_ADMIN_URL", &*url(&rig.sidecar)), ("OTP_ADMIN_KEY", keys::VIEWER_KEY)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("the binary")
}

#[tokio::test]
async fn whoever_follows_sees_events_come() {
    let rig = rig(&[]);
    let mut child = following(&rig, Stdio::inherit());
    let mut lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
    let mut seen = Vec::new();
    for n in 0..3 {
        let subject = format!("user{n}");
        rig.client.issue(&subject).await;
        let line: Value = serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON");
        assert_eq!(line["who"]["subject"], json!(subject));
        seen.push(line);
    }
    process::kill(&mut child);
    assert!(seen.iter().all(|event| event["type"] == "send"), "{seen:?}");
}

#[tokio::test]
async fn whoever_follows_goes_on_when_the_store_answers_again() {
    let rig = rig(&[]);
    let mut child = following(&rig, Stdio::piped());
    let mut told = BufReader::new(child.stdout.take().expect("its stdout")).lines();
    let mut complaints = BufReader::new(child.stderr.take().expect("its stderr")).lines();
    rig.client.issue("ada").await;
    told.next().expect("a line").expect("text");
    rig.redis.pause();
    let complaint = complaints.next().expect("a line").expect("text");
    rig.redis.resume();
    let issued = || async { (rig.client.send("bob").await.status == 201).then_some(()) };
    wait::until_async("the store to answer", SOON, issued).await;
    let line: Value = serde_json::from_str(&told.next().expect("a line").expect("text")).expect("JSON");
    process::kill(&mut child);
    assert_eq!(line["who"]["subject"], "bob");
    assert!(complaint.ends_with("(asked again until there is an answer)"), "{complaint}");
}
