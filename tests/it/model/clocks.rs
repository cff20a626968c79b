//! Redis's clock put forward and back, over chains of users and networks: whoever was seen by a wrong clock is held by nothing
//! for longer than the limits say, and nobody else at all.

use serde_json::{Value, json};

use super::held_clock::HeldClock;
use crate::support::{Answer, Client, Issued, Redis, Rig, scheme::both};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const JUMPS: [u64; 2] = [10 * MINUTE, 400 * DAY];

struct Scene {
    clock: HeldClock,
    rig: Rig,
}

impl Scene {
    fn start(scheme: &[(&str, &str)]) -> Self {
        let (clock, redis): (HeldClock, Redis) = HeldClock::start();
        Self { clock, rig: Rig::over(redis, scheme) }
    }

    fn client(&self) -> &Client {
        &self.rig.client
    }

    async fn send(&self, subject: &str, ip: &str) -> Answer {
        self.client().send_body(json!({"subject": subject, "ip": ip})).await
    }

    async fn issue(&self, subject: &str, ip: &str) -> Issued {
        let sent = self.send(subject, ip).await.is(201);
        Issued { id: sent.str("id").into(), code: sent.str("code").into() }
    }

    async fn check(&self, issued: &Issued, code: &str, ip: &str) -> Answer {
        self.client().check_body(json!({"id": issued.id, "code": code, "ip": ip})).await
    }

    /// One call by a clock that is so far ahead, and the clock put right.
    async fn once_ahead(&self, by: u64, subject: &str, ip: &str) {
        let now = self.clock.now();
        self.clock.set(now + by);
        self.send(subject, ip).await.is(201);
        self.clock.set(now + 1_000);
    }
}

fn address(n: usize) -> String {
    format!("198.51.100.{n}")
}

#[tokio::test]
async fn a_call_by_a_clock_that_was_ahead_stops_nobody_else() {
    both(async |scheme| {
        for jump in JUMPS {
            let scene = Scene::start(scheme);
            scene.once_ahead(jump, "ada", &address(1)).await;
            // Each network is the next user's as well, and each user the next network's.
            for n in 1..6 {
                let (user, ip) = (format!("user{n}"), address(n));
                let issued = scene.issue(&user, &ip).await;
                scene.clock.advance(2 * MINUTE);
                let again = scene.issue(&user, &address(n + 1)).await;
                assert!(scene.check(&issued, &issued.code, &ip).await.is(200).body["valid"] == false);
                scene.clock.advance(4 * MINUTE + 59_000);
                scene.check(&again, &again.code, &address(n + 1)).await.approved();
                scene.clock.advance(MINUTE);
                let late = scene.issue(&user, &ip).await;
                scene.clock.advance(5 * MINUTE);
                scene.check(&late, &late.code, &ip).await.rejected("expired", "expired");
                scene.clock.advance(HOUR);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_was_seen_by_it_is_held_for_no_longer_than_the_limits_say() {
    both(async |scheme| {
        for jump in JUMPS {
            let scene = Scene::start(scheme);
            let now = scene.clock.now();
            scene.clock.set(now + jump);
            let ahead = scene.issue("ada", &address(1)).await;
            scene.clock.set(now + 1_000);
            // Its code is expired, its pause begins anew and ends.
            scene.check(&ahead, &ahead.code, &address(1)).await.rejected("expired", "expired");
            scene.send("ada", &address(1)).await.refused(429, "resend_cooldown");
            scene.clock.advance(MINUTE);
            let fresh = scene.issue("ada", &address(1)).await;
            scene.clock.advance(5 * MINUTE - 1);
            scene.check(&fresh, &fresh.code, &address(1)).await.approved();
            scene.clock.advance(2 * HOUR);
            for left in [2, 1, 0] {
                assert_eq!(scene.send("ada", &address(1)).await.is(201).body["sends_left"], json!(left), "{jump}");
                scene.clock.advance(2 * MINUTE);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_lock_of_it_begins_anew_and_ends() {
    both(async |scheme| {
        for jump in JUMPS {
            let scene = Scene::start(scheme);
            let now = scene.clock.now();
            scene.clock.set(now + jump);
            let issued = scene.issue("ada", &address(1)).await;
            for wrong in issued.wrong_codes().take(5) {
                scene.check(&issued, &wrong, &address(1)).await.is(200);
            }
            scene.clock.set(now + 1_000);
            let refused = scene.send("ada", &address(1)).await.refused(429, "subject_locked");
            assert_eq!(refused.number("retry_after"), 900);
            scene.clock.advance(15 * MINUTE - 1);
            scene.send("ada", &address(2)).await.refused(429, "subject_locked");
            scene.clock.advance(1);
            scene.send("ada", &address(2)).await.is(201);
        }
    })
    .await;
}

/// What was sent before the clock went wrong counts still, and for no longer than its window.
#[tokio::test]
async fn no_window_is_begun_afresh_by_it() {
    let scene = Scene::start(&[("OTP_HASH", "hmac"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "4")]);
    scene.issue("ada", &address(1)).await;
    scene.clock.advance(MINUTE);
    scene.once_ahead(10 * MINUTE, "ada", &address(1)).await;
    scene.send("ada", &address(1)).await.refused(429, "resend_cooldown");
    scene.clock.advance(MINUTE);
    scene.issue("ada", &address(1)).await;
    scene.clock.advance(MINUTE);
    scene.send("ada", &address(1)).await.refused(429, "quota_subject");
    scene.issue("bob", &address(1)).await;
    scene.send("cyd", &address(1)).await.refused(429, "quota_ip");
    scene.clock.advance(HOUR);
    scene.issue("ada", &address(1)).await;
    scene.issue("cyd", &address(1)).await;
}

/// Of a few seconds, time stands still for the record: nothing is got back by it.
#[tokio::test]
async fn a_clock_put_back_by_a_little_gives_nobody_time() {
    let scene = Scene::start(&[("OTP_HASH", "hmac")]);
    let issued = scene.issue("ada", &address(1)).await;
    scene.clock.advance(50_000);
    let wrong = issued.wrong_codes().next().expect("a wrong code");
    let answer = scene.check(&issued, &wrong, &address(1)).await.rejected("pending", "wrong_code");
    assert_eq!(answer.body["attempts_left"], Value::from(4));
    let now = scene.clock.now();
    scene.clock.set(now - 5_000);
    let refused = scene.send("ada", &address(1)).await.refused(429, "resend_cooldown");
    assert_eq!(refused.number("retry_after"), 10, "as it was when the record was last seen");
    scene.check(&issued, &issued.code, &address(1)).await.approved();
    // And by a little more it is a wrong clock's.
    let issued = scene.issue("bob", &address(2)).await;
    scene.clock.set(scene.clock.now() - 5_001);
    scene.check(&issued, &issued.code, &address(2)).await.rejected("expired", "expired");
}
