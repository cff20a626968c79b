//! What operators do while a code is being compared.

use super::*;

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
