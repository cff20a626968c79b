//! Clocks that are put: Redis's, which alone decides, and the sidecar's, which decides nothing.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, Clock, Redis, Rig, Sidecar, wait, wrong_code_than};

const HOUR: i64 = 3600;

/// A Redis whose clock is in our hands, and a sidecar with the limits as they are by default.
fn rig() -> (Rig, Clock) {
    let clock = Clock::new(0);
    let redis = Redis::with_environment(Default::default(), clock.variables());
    let rig = Rig::over(redis, &[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]);
    (rig, clock)
}

async fn jumps(rig: &Rig, expected: f64) {
    let told = || async { (rig.metrics().await.value("otp_store_clock_jumps_total", &[]) == expected).then_some(()) };
    wait::until_async(&format!("{expected} jumps to be counted"), wait::PATIENCE, told).await;
}

#[tokio::test]
async fn put_back_it_ends_no_pause_and_no_lock_and_is_noticed() {
    let (rig, clock) = rig();
    rig.lock_out("ada").await;
    let bob = rig.client.issue("bob").await;
    let before = rig.client.send("ada").await.refused(429, "subject_locked").number("retry_after");
    jumps(&rig, 0.0).await;
    let ahead = async || rig.metrics().await.value("otp_store_clock_offset_seconds", &[]);
    assert!(ahead().await.abs() < 1.0, "{}", ahead().await);
    clock.put(-HOUR);
    jumps(&rig, 1.0).await;
    wait::until_async("the distance", wait::PATIENCE, || async {
        ((ahead().await + 3600.0).abs() < 1.0).then_some(())
    })
    .await;
    wait::until("the log to tell", wait::PATIENCE, || {
        rig.sidecar.log_lines().iter().any(|line| line.contains("clock of Redis jumped")).then_some(())
    });
    // Never early: it begins anew, and so does the pause. A code of that time is worth nothing.
    let after = rig.client.send("ada").await.refused(429, "subject_locked").number("retry_after");
    assert!(after >= before && after <= 900, "{before} {after}");
    rig.client.send("bob").await.refused(429, "resend_cooldown");
    rig.client.check_id(&bob.id, &wrong_code_than(&bob.code)).await.rejected("expired", "expired");
    rig.client.check_id(&bob.id, &bob.code).await.rejected("expired", "expired");
}

#[tokio::test]
async fn put_ahead_it_may_end_what_it_counts_but_never_unnoticed() {
    let (rig, clock) = rig();
    let ada = rig.client.issue("ada").await;
    rig.lock_out("bob").await;
    clock.put(HOUR);
    jumps(&rig, 1.0).await;
    // Whatever else ended: a code of an hour ago does not verify.
    let answer = rig.client.check_id(&ada.id, &ada.code).await.is(200);
    assert_eq!(answer.body["valid"], Value::Bool(false), "{answer:?}");
    rig.lock_out("cyd").await;
    // Put right, whoever was locked in between stays so.
    clock.put(0);
    jumps(&rig, 2.0).await;
    rig.client.send("cyd").await.refused(429, "subject_locked");
    rig.client.send("dee").await.is(201);
}

/// What does not differ between two calls at about the same time.
fn lasting(answer: &Answer) -> (u16, Vec<(String, Value)>) {
    let varies = ["id", "code", "request_id", "locked_until", "expires_at"];
    let fields = answer.body.as_object().into_iter().flatten();
    (
        answer.status,
        fields
            .filter(|(name, _)| !varies.contains(&&***name) || answer.status == 429 && **name == "code")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

async fn story(sidecar: &Sidecar, subject: &str) -> Vec<(u16, Vec<(String, Value)>)> {
    let client = sidecar.client();
    let sent = client.send(subject).await.is(201);
    let expires = humantime::parse_rfc3339(sent.str("expires_at")).unwrap();
    let lives = expires.duration_since(std::time::SystemTime::now()).expect("an end in the future").as_secs();
    assert!((298..=300).contains(&lives), "five minutes by the clock of Redis: {lives}");
    let (id, code) = (sent.str("id").to_owned(), sent.str("code").to_owned());
    let mut answers = vec![sent, client.send(subject).await];
    for code in [&wrong_code_than(&code), &code, &code] {
        answers.push(client.check_id(&id, code).await);
    }
    answers.iter().map(lasting).collect()
}

#[tokio::test]
async fn the_sidecars_own_clock_changes_no_answer() {
    let redis = Redis::start();
    let start = |variables: Vec<(String, String)>| {
        let set = |builder: crate::support::launch::Builder, (name, value): &(String, String)| builder.set(name, value);
        variables.iter().fold(Sidecar::builder().on(&redis), set).start()
    };
    let expected = story(&start(Vec::new()), "real").await;
    for offset in [-HOUR, HOUR] {
        let clock = Clock::new(offset);
        let sidecar = start(clock.variables());
        let off = sidecar.log_lines().iter().any(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            let time = line["timestamp"].as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
            let apart = |time: std::time::SystemTime| match time.duration_since(std::time::SystemTime::now()) {
                Ok(ahead) => ahead,
                Err(behind) => behind.duration(),
            };
            time.is_some_and(|time| apart(time) > Duration::from_secs(3000))
        });
        assert!(off, "its log must show the clock that it was given: {:?}", sidecar.log_lines());
        assert_eq!(story(&sidecar, &format!("off by {offset}")).await, expected, "{offset}");
    }
}
