//! Between what a send spends and the code it stores lies a hash: what may happen meanwhile.

use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::{
    Answer, Client, Issued, Rig, Sidecar,
    client::fresh_ip,
    scheme::{CHEAP, SLOW},
    wait,
};

const RESERVED_WITHIN: Duration = Duration::from_secs(10);

/// A sidecar whose hashes take a second, and one that is quick, over one Redis.
fn scene(variables: &[(&str, &str)]) -> (Rig, Sidecar, Client) {
    let slow = Rig::unlimited(&[SLOW, variables].concat());
    let sidecar = slow.another(&[CHEAP, variables].concat());
    let quick = sidecar.client();
    (slow, sidecar, quick)
}

/// Asks the slow sidecar for a code for `ada`, and waits until that is counted as her `nth` request.
async fn begin(slow: &Rig, quick: &Client, nth: u64) -> JoinHandle<Option<Answer>> {
    let body = json!({"subject": "ada", "ip": fresh_ip()}).to_string();
    let client = slow.client.clone();
    let call = tokio::spawn(async move { client.try_call(Method::POST, "/v1/verifications", body.into()).await.ok() });
    let counted = || async { (quick.status("ada").await["requests_last_hour"] == json!(nth)).then_some(()) };
    wait::until_async("the reservation", RESERVED_WITHIN, counted).await;
    assert!(!call.is_finished(), "the hash still runs");
    call
}

fn issued(answer: &Answer) -> Issued {
    Issued { id: answer.str("id").into(), code: answer.str("code").into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_stays_valid_while_its_successor_is_hashed() {
    let (slow, _sidecar, quick) = scene(&[]);
    let old = quick.issue("ada").await;
    let call = begin(&slow, &quick, 2).await;
    slow.sidecar.pause();
    quick.check_id(&old.id, &old.code).await.approved();
    slow.sidecar.resume();
    let new = issued(&call.await.unwrap().expect("an answer").is(201));
    quick.check_id(&old.id, &old.code).await.rejected("used", "already_used");
    quick.check_id(&new.id, &new.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_successor_is_stored_the_old_code_is_superseded() {
    let (slow, _sidecar, quick) = scene(&[]);
    let old = quick.issue("ada").await;
    let call = begin(&slow, &quick, 2).await;
    assert_eq!(quick.verification(&old.id).await.is(200).str("status"), "pending");
    let new = issued(&call.await.unwrap().expect("an answer").is(201));
    quick.check_id(&old.id, &old.code).await.rejected("superseded", "superseded");
    quick.check_id(&new.id, &new.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_code_is_stored_leaves_the_old_one_and_spends_the_quota() {
    let (mut slow, _sidecar, quick) = scene(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "2")]);
    let old = quick.issue("ada").await;
    let call = begin(&slow, &quick, 2).await;
    slow.sidecar.kill();
    assert!(call.await.unwrap().is_none(), "no answer");
    assert_eq!(quick.status("ada").await["sends_left"], json!(0));
    quick.send("ada").await.refused(429, "quota_subject");
    quick.check_id(&old.id, &old.code).await.approved();
}

/// Both are answered; whoever asked later has the code that works, whichever hash was done first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_sends_that_overlap_the_later_ones_code_is_valid() {
    let (slow, _sidecar, quick) = scene(&[]);
    let call = begin(&slow, &quick, 1).await;
    slow.sidecar.pause();
    let later = quick.issue("ada").await;
    slow.sidecar.resume();
    let earlier = issued(&call.await.unwrap().expect("an answer").is(201));
    quick.check_id(&earlier.id, &earlier.code).await.rejected("superseded", "superseded");
    assert_eq!(quick.verification(&later.id).await.is(200).str("status"), "pending");
    quick.check_id(&later.id, &later.code).await.approved();
    assert_eq!(quick.status("ada").await["pending"], json!(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_sends_on_one_slow_sidecar_exactly_one_code_is_valid() {
    let (slow, _sidecar, quick) = scene(&[]);
    let first = begin(&slow, &quick, 1).await;
    let second = begin(&slow, &quick, 2).await;
    let first = issued(&first.await.unwrap().expect("an answer").is(201));
    let second = issued(&second.await.unwrap().expect("an answer").is(201));
    quick.check_id(&first.id, &first.code).await.rejected("superseded", "superseded");
    quick.check_id(&second.id, &second.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_begins_meanwhile_lets_nothing_be_issued() {
    let (slow, _sidecar, quick) = scene(&[]);
    let call = begin(&slow, &quick, 1).await;
    slow.sidecar.pause();
    for _ in 0..5 {
        quick.post("/v1/guard/failure", &json!({"subject": "ada"})).await.is(200);
    }
    slow.sidecar.resume();
    call.await.unwrap().expect("an answer").refused(429, "subject_locked");
    let status = quick.status("ada").await;
    assert_eq!((&status["pending"], &status["requests_last_hour"]), (&json!(0), &json!(1)), "{status}");
}
