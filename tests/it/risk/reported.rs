//! What users say of sign-ins that wait: it is of that very one.

use otp_sidecar::risk::{level::Level, profile::Profile};
use serde_json::json;

use super::learned::{AWAY, HOME, Place, issue, learns, rig, sign_in, waiting};
use crate::support::wait;

#[tokio::test]
async fn a_user_speaks_of_that_very_sign_in_and_of_no_other() {
    speaks("argon2id").await;
}

#[tokio::test]
async fn a_user_speaks_of_that_very_sign_in_where_codes_are_compared_at_once() {
    speaks("hmac").await;
}

async fn speaks(hash: &str) {
    let rig = rig(&[("OTP_RISK", "step_up"), ("OTP_RISK_STEP_UP", "25"), ("OTP_HASH", hash)]);
    sign_in(&rig.client, "ann", HOME).await;
    learns(&rig.redis, "the first sign-in", |profile| profile.sign_ins == 1);
    let report = async |id: &str, reason: &str| {
        rig.client.post(&format!("/v1/verifications/{id}/report"), &json!({"reason": reason})).await.is(204);
    };
    // While strangers wait: a code that nobody used, and a sign-in of the user's own.
    let (sent, _) = issue(&rig.client, "ann", HOME).await;
    report(&sent.id, "not_me").await;
    let (own, _) = sign_in(&rig.client, "ann", HOME).await;
    let (first, _) = sign_in(&rig.client, "ann", AWAY).await;
    let first = (first, learns(&rig.redis, "the first to wait", |profile| profile.pending.is_some()).pending.unwrap());
    let (sent, _) = issue(&rig.client, "ann", AWAY).await;
    report(&sent.id, "not_me").await;
    report(&own, "was_me").await;
    let (last, _) = sign_in(&rig.client, "ann", AWAY).await;
    let is_last = |profile: &Profile| profile.pending.is_some_and(|waits| waits.last != first.1.last);
    let waits = learns(&rig.redis, "the last to wait", is_last);
    let pending = waits.pending.unwrap();
    assert_eq!((waits.sign_ins, pending.disowned), (1, false));
    assert_eq!((pending.when, pending.first), (first.1.when, first.1.first));
    // Of several like it the last one is learned.
    report(&first.0, "was_me").await;
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    report(&last, "was_me").await;
    let learned = learns(&rig.redis, "the user's word", |profile| profile.pending.is_none());
    assert_eq!((learned.sign_ins, learned.values(Level::Device).count()), (2, 2));
    // One that waits is disowned.
    let (id, _) = sign_in(&rig.client, "ann", Place { ip: "203.0.113.200", device: "other", ..AWAY }).await;
    let waits = learns(&rig.redis, "a last one to wait", |_| true).pending;
    assert!(waits.is_none_or(|waits| !waits.disowned));
    report(&id, "not_me").await;
    learns(&rig.redis, "it to be disowned", |profile| profile.pending.is_some_and(|waits| waits.disowned));
}
