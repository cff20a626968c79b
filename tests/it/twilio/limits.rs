//! Every limit holds through this door, and is told by Twilio's number for it.

use serde_json::json;

use super::{Door, LOGIN, open, refused, says, sid};
use crate::{
    sms::ANN,
    support::{Answer, client::nth_wrong_code, keys, wait},
};

/// What waits says how long.
#[track_caller]
fn waits(answer: &Answer) {
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().unwrap() > 0), "{answer:?}");
}

#[tokio::test]
async fn five_wrong_codes_lock_and_only_another_number_goes_on() {
    let (rig, provider) = open(&[("ACCOUNT_LOCKOUT_MINUTES", "3s"), ("OTP_MAX_LOCKOUT_MINUTES", "3s")]);
    let door = Door::of(&rig.sidecar);
    let sent = sid(&door.create(ANN, &[]).await.is(201));
    let code = provider.wait(1)[0].code();
    for n in 1..5 {
        says(door.check(ANN, &nth_wrong_code(&code, n)).await, "pending");
    }
    let locked = says(door.check(&sent, &nth_wrong_code(&code, 5)).await, "max_attempts_reached");
    assert_eq!(locked.body["valid"], json!(false));
    for answer in [door.check(ANN, &code).await, door.check(&sent, &code).await, door.create(ANN, &[]).await] {
        waits(&refused(answer, 429, 60202));
    }
    says(door.get(&format!("Verifications/{sent}")).await, "max_attempts_reached");
    door.create("+4917112345613", &[]).await.is(201);
    // After the lock its code stays burnt.
    let after = wait::until_async("the end of the lock", wait::PATIENCE, || async {
        let answer = door.check(ANN, &code).await;
        (answer.status != 429).then_some(answer)
    });
    refused(after.await, 404, 20404);
}

#[tokio::test]
async fn pauses_quotas_places_and_budgets_are_refused_by_their_numbers() {
    let limits = [
        ("RESEND_COOLDOWN_SECONDS", "60"),
        ("OTP_PHONE_PREFIXES", "+49,+1,-+1876"),
        ("OTP_PHONE_BUDGET", "2/1h"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1"),
        ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "1"),
    ];
    let (rig, _) = open(&limits);
    let door = Door::of(&rig.sidecar);
    // Without an address nobody is asked for one, and no limit per address sees it.
    door.create(ANN, &[]).await.is(201);
    let again = refused(door.create(ANN, &[]).await, 429, 60203);
    assert_eq!(again.str("message"), "Max send attempts reached");
    waits(&again);
    refused(door.create("+18761234567", &[]).await, 403, 60605);
    door.create("+12025550101", &[("DeviceIp", "203.0.113.5")]).await.is(201);
    let by_limits = [("RateLimits", r#"{"user":"ann","end_user_ip_address":"203.0.113.5"}"#)];
    waits(&refused(door.create("+12025550102", &by_limits).await, 429, 60203));
    let other = [("RateLimits", r#"{"a":7,"b":"::ffff:203.0.113.6"}"#)];
    door.create("+12025550102", &other).await.is(201);
    refused(door.create("+12025550103", &[("DeviceIp", "203.0.113.6")]).await, 429, 60203);
    // Of several addresses the first by its key, wherever it stands.
    let several = [("RateLimits", r#"{"z":"203.0.113.5","b":"203.0.113.7","c":"203.0.113.8"}"#)];
    door.create("+4917112345620", &several).await.is(201);
    refused(door.create("+4917112345621", &[("DeviceIp", "203.0.113.7")]).await, 429, 60203);
    waits(&refused(door.create("+12025550104", &[]).await, 403, 60410));
    // One that failed too often through the other door.
    let check = json!({"subject": "nobody", "code": "123456", "ip": "203.0.113.9"});
    rig.client.check_body(check.clone()).await.rejected("not_found", "not_found");
    rig.client.check_body(check).await.refused(429, "ip_blocked");
    waits(&refused(door.create("+4917112345699", &[("DeviceIp", "203.0.113.9")]).await, 429, 20429));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_503() {
    let (rig, _) = open(&[]);
    let door = Door::of(&rig.sidecar);
    let sent = sid(&door.create(ANN, &[]).await.is(201));
    rig.redis.pause();
    let path = format!("Verifications/{sent}");
    for answer in [door.create("+12025550101", &[]).await, door.check(ANN, "123456").await, door.get(&path).await] {
        waits(&refused(answer, 503, 20503));
    }
    rig.redis.resume();
    let keyless = Door::at(rig.sidecar.app(), &keys::KEY[1..]);
    refused(keyless.0.get(&format!("/v2/Services/{LOGIN}")).await, 401, 20003);
}

#[tokio::test]
async fn whom_only_an_operator_lets_in_again_is_told_no_time() {
    let (rig, provider) = open(&[("OTP_MAX_CONSECUTIVE_FAILURES", "3"), ("OTP_ALLOW_WEAK", "true")]);
    let door = Door::of(&rig.sidecar);
    door.create(ANN, &[]).await.is(201);
    let code = provider.wait(1)[0].code();
    for (n, status) in [(1, "pending"), (2, "pending"), (3, "max_attempts_reached")] {
        says(door.check(ANN, &nth_wrong_code(&code, n)).await, status);
    }
    for answer in [door.check(ANN, &code).await, door.create(ANN, &[]).await] {
        assert_eq!(refused(answer, 429, 60202).header("retry-after"), None);
    }
}
