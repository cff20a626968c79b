//! What operators and apps do while a code is being compared.

use super::*;
use crate::mail::{borrowed, relay::Relay};

/// What an operator does to `ada` by the quick sidecar.
async fn act(scene: &Scene, what: &str, fields: Value) {
    let mut body = json!({"subject": "ada", "tenant": keys::TENANT, "reason": "a test"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    scene.quick.sidecar.admin_client().post(&format!("/admin/v1/{what}"), &body).await.is(200);
}

/// The lock began with the very guess that is being compared, and its codes are not burnt yet: an unlock must not bring them
/// back, or it would give as many guesses again at the same code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlock_while_the_last_guess_is_compared_burns_its_code() {
    let scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    scene.four_failures().await;
    let call = scene.begin(&issued, &issued.code, 5).await;
    act(&scene, "unlock", json!({})).await;
    assert_eq!(scene.status().await["locked"], json!(false));
    scene.end(call).await.rejected("burnt", "too_many_failures");
    let status = scene.status().await;
    assert_eq!((&status["failed_attempts"], &status["lock_level"]), (&json!(0), &json!(0)), "{status}");
    let fresh = scene.quick.client.issue("ada").await;
    scene.quick.client.check_id(&fresh.id, &fresh.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlock_short_of_a_lock_keeps_what_is_being_compared_charged() {
    let scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    scene.four_failures().await;
    act(&scene, "unlock", json!({})).await;
    let other = scene.quick.client.issue_for("ada", "other").await;
    scene.quick.client.check_id(&other.id, &wrong_code_than(&other.code)).await.rejected("pending", "wrong_code");
    let call = scene.begin(&issued, &wrong_code_than(&issued.code), 2).await;
    act(&scene, "unlock", json!({})).await;
    assert_eq!(scene.status().await["failed_attempts"], json!(1), "the open guess");
    scene.end(call).await.rejected("pending", "wrong_code");
    assert_eq!(scene.status().await["failed_attempts"], json!(1));
    scene.quick.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_by_hand_outlasts_the_right_code_that_is_being_compared() {
    let scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    scene.four_failures().await;
    let call = scene.begin(&issued, &issued.code, 5).await;
    act(&scene, "lock", json!({"minutes": 600})).await;
    scene.end(call).await.rejected("burnt", "too_many_failures");
    let refusal = scene.quick.client.send("ada").await.refused(429, "subject_locked");
    assert!(refusal.number("retry_after") > 35_000, "{refusal:?}");
    act(&scene, "unlock", json!({})).await;
    scene.quick.client.issue("ada").await;
}

/// An app that compares codes itself says that one was used, while a guess at it is compared here: that forgives nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_guess_at_a_code_that_an_app_found_used_meanwhile_locks_like_any_other() {
    let relay = Relay::plain();
    let services = ("OTP_TWILIO_SERVICES", "VA00000000000000000000000000000001:login");
    let scene = scene(&[&borrowed(&relay.variables())[..], &[services, ("ACCOUNT_LOCKOUT_MINUTES", "5s")]].concat());
    let issued = scene.slow.client.issue("ada").await;
    let other = scene.quick.client.issue_for("ada", "another").await;
    scene.four_failures().await;
    let call = scene.begin(&issued, &wrong_code_than(&issued.code), 5).await;
    let door = scene.quick.client.clone().with_header("content-type", "application/x-www-form-urlencoded");
    let used = "/v2/Services/VA00000000000000000000000000000001/Verifications/ada";
    assert_eq!(door.post_text(used, "Status=approved".to_owned()).await.is(200).str("status"), "approved");
    assert_eq!(scene.end(call).await.is(200).body["valid"], json!(false));
    let locked = || (scene.told("lockout", "subject_locked") == 1).then_some(());
    wait::until("the event of the lock", wait::PATIENCE, locked);
    assert_eq!(scene.quick.client.verification(&other.id).await.is(200).str("status"), "burnt");
    let over = || async { (scene.status().await["locked"] == json!(false)).then_some(()) };
    wait::until_async("the end of the lock", LAPSED_WITHIN, over).await;
    assert_eq!(scene.status().await["failed_attempts"], json!(0));
}
