//! Between the charge of an attempt and the verdict on it lies a hash: what may happen meanwhile.

mod acts;
mod many;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{
    Answer, Client, HeldHash, Issued, Redis, Rig, Sidecar,
    client::fresh_ip,
    keys,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC},
    wait, wrong_code_than,
};

/// A claim lapses after 5 s.
const LAPSED_WITHIN: Duration = Duration::from_secs(60);

/// A sidecar whose hashes can be held, and one that is quick, over one Redis.
struct Scene {
    hash: HeldHash,
    slow: Rig,
    quick: Quick,
}

/// The quick one.
struct Quick {
    sidecar: Sidecar,
    client: Client,
}

fn scene(variables: &[(&str, &str)]) -> Scene {
    let variables = [CHEAP, variables].concat();
    let (redis, hash) = (Redis::start(), HeldHash::new());
    let sidecar = hash.on(Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(&variables)).start();
    let slow = Rig { client: sidecar.client(), sidecar, redis };
    let sidecar = slow.another(&variables);
    Scene { hash, quick: Quick { client: sidecar.client(), sidecar }, slow }
}

impl Scene {
    async fn status(&self) -> Value {
        self.quick.client.status("ada").await
    }

    /// Guesses at `ada`'s code by the slow sidecar, waits until the attempt is charged as the `nth`, and holds its hash.
    async fn begin(&self, issued: &Issued, code: &str, nth: u64) -> JoinHandle<Option<Answer>> {
        let body = json!({"id": issued.id, "code": code, "ip": fresh_ip()}).to_string();
        let client = self.slow.client.clone();
        self.hash.hold();
        let call =
            tokio::spawn(
                async move { client.try_call(Method::POST, "/v1/verifications/check", body.into()).await.ok() },
            );
        let charged = || async { (self.status().await["failed_attempts"] == json!(nth)).then_some(()) };
        wait::until_async("the charge", wait::PATIENCE, charged).await;
        assert!(!call.is_finished(), "the hash still runs");
        call
    }

    /// Lets the hash end; answers what its caller is told.
    async fn end(&self, call: JoinHandle<Option<Answer>>) -> Answer {
        self.hash.release();
        call.await.unwrap().expect("an answer")
    }

    /// Four wrong codes for another purpose, which count for all.
    async fn four_failures(&self) {
        let other = self.quick.client.issue_for("ada", "other").await;
        for wrong in other.wrong_codes().take(4) {
            self.quick.client.check_id(&other.id, &wrong).await.rejected("pending", "wrong_code");
        }
    }

    /// How often each kind of event with this outcome was written about, by either sidecar.
    fn told(&self, kind: &str, outcome: &str) -> usize {
        let lines = [self.slow.sidecar.event_lines(), self.quick.sidecar.event_lines()].concat();
        let mut found: Vec<String> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .filter(|event| event["type"] == kind && event["outcome"] == outcome)
            .map(|event| format!("{}-{}-{}", event["bucket"], event["epoch"], event["seq"]))
            .collect();
        found.sort();
        found.dedup();
        found.len()
    }

    /// Has the quick sidecar ask again and again, until a lapsed claim was found and its event exported. What it asks
    /// charges nothing and changes no code for `login`.
    async fn until_found(&self) {
        let ask = || async {
            self.quick.client.send_for("ada", "another").await;
            (self.told("check", "unsettled") > 0).then_some(())
        };
        wait::until_async("the lapsed claim to be found", LAPSED_WITHIN, ask).await;
        for _ in 0..3 {
            self.quick.client.send_for("ada", "another").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_verdict_keeps_the_charge_and_is_told_once() {
    let mut scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    let call = scene.begin(&issued, &issued.code, 1).await;
    scene.slow.sidecar.kill();
    assert!(call.await.unwrap().is_none(), "no answer");
    let status = scene.status().await;
    assert_eq!((&status["failed_attempts"], &status["attempts_left"]), (&json!(1), &json!(4)), "{status}");
    scene.until_found().await;
    assert_eq!((scene.told("check", "unsettled"), scene.told("lockout", "subject_locked")), (1, 0));
    assert_eq!(scene.status().await["failed_attempts"], json!(1));
    // The code itself is as good as before, for those who have guesses left.
    let wrong = scene.quick.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await;
    assert_eq!(wrong.rejected("pending", "wrong_code").number("attempts_left"), 3);
    scene.quick.client.check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(scene.told("check", "unsettled"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_the_last_guess_leaves_the_subject_locked() {
    let mut scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    scene.four_failures().await;
    let call = scene.begin(&issued, &issued.code, 5).await;
    scene.slow.sidecar.kill();
    assert!(call.await.unwrap().is_none(), "no answer");
    let status = scene.status().await;
    assert_eq!((&status["locked"], &status["lock_level"]), (&json!(true), &json!(1)), "{status}");
    assert_eq!(scene.slow.indexed("locked"), 1);
    scene.quick.client.check_id(&issued.id, &issued.code).await.refused(429, "subject_locked");
    scene.until_found().await;
    assert_eq!((scene.told("check", "unsettled"), scene.told("lockout", "subject_locked")), (1, 1));
    scene.quick.client.check_id(&issued.id, &issued.code).await.refused(429, "subject_locked");
    assert_eq!(scene.status().await["locked_until"], status["locked_until"], "found, not begun anew");
    assert_eq!(scene.quick.client.verification(&issued.id).await.is(200).str("status"), "burnt");
}

/// Whoever finds the claim, and however long after: the lock is over then, and what was issued since is not its business.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_left_by_a_crash_ends_like_any_other() {
    for scheme in [CHEAP, HMAC] {
        let mut scene = scene(&[("ACCOUNT_LOCKOUT_MINUTES", "6s")]);
        let later = scene.slow.another(&[scheme, &[("ACCOUNT_LOCKOUT_MINUTES", "6s")]].concat());
        let issued = scene.slow.client.issue("ada").await;
        scene.four_failures().await;
        let call = scene.begin(&issued, &issued.code, 5).await;
        scene.slow.sidecar.kill();
        call.await.unwrap();
        let over = || async { (scene.status().await["locked"] == json!(false)).then_some(()) };
        wait::until_async("the end of the lock", LAPSED_WITHIN, over).await;
        let sent = later.client().send("ada").await.is(201);
        assert_eq!(sent.number("attempts_left"), 5, "{scheme:?}");
        later.client().check_id(&issued.id, &issued.code).await.rejected("burnt", "too_many_failures");
        later.client().check_id(sent.str("id"), sent.str("code")).await.approved();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_code_whose_claim_was_found_lapsed_is_not_approved() {
    let scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    let call = scene.begin(&issued, &issued.code, 1).await;
    scene.until_found().await;
    scene.end(call).await.refused(503, "store_unavailable");
    assert_eq!(scene.quick.client.verification(&issued.id).await.is(200).str("status"), "pending");
    assert_eq!(scene.status().await["failed_attempts"], json!(1));
    assert_eq!((scene.told("check", "unsettled"), scene.told("check", "approved")), (1, 0));
    scene.quick.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_last_guess_lifts_the_lock_that_its_charge_began() {
    let scene = scene(&[]);
    let issued = scene.slow.client.issue("ada").await;
    scene.four_failures().await;
    let call = scene.begin(&issued, &issued.code, 5).await;
    // Until it is known to be right, nothing goes.
    let status = scene.status().await;
    assert_eq!((&status["locked"], &status["attempts_left"]), (&json!(true), &json!(0)), "{status}");
    assert_eq!(scene.slow.indexed("locked"), 1);
    scene.quick.client.check_id(&issued.id, &issued.code).await.refused(429, "subject_locked");
    scene.quick.client.send("ada").await.refused(429, "subject_locked");
    scene.end(call).await.approved();
    let status = scene.status().await;
    assert_eq!((&status["locked"], &status["lock_level"]), (&json!(false), &json!(0)), "{status}");
    // The other purpose's failures are not forgiven.
    assert_eq!((&status["failed_attempts"], &status["attempts_left"]), (&json!(4), &json!(1)), "{status}");
    assert_eq!(scene.slow.indexed("locked"), 0);
    assert_eq!(scene.told("lockout", "subject_locked"), 0);
    scene.quick.client.issue_for("ada", "another").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_last_guess_restores_the_level_of_the_lock_before() {
    let scene = scene(&[("ACCOUNT_LOCKOUT_MINUTES", "1s")]);
    let first = scene.quick.client.issue("ada").await;
    for wrong in first.wrong_codes().take(5) {
        scene.quick.client.check_id(&first.id, &wrong).await.is(200);
    }
    let sent = || async { Some(scene.slow.client.send("ada").await).filter(|answer| answer.status == 201) };
    let sent = wait::until_async("the end of the lock", LAPSED_WITHIN, sent).await;
    let issued = Issued { id: sent.str("id").into(), code: sent.str("code").into() };
    scene.four_failures().await;
    let call = scene.begin(&issued, &issued.code, 5).await;
    assert_eq!(scene.status().await["lock_level"], json!(2));
    scene.end(call).await.approved();
    let status = scene.status().await;
    assert_eq!((&status["locked"], &status["lock_level"]), (&json!(false), &json!(1)), "{status}");
}

/// The right code is being compared when `act` happens to it: it must not verify.
async fn not_approved(variables: &[(&str, &str)], (status, reason): (&str, &str), act: impl AsyncFn(&Scene, &Issued)) {
    let scene = scene(variables);
    let issued = scene.slow.client.issue("ada").await;
    let call = scene.begin(&issued, &issued.code, 1).await;
    act(&scene, &issued).await;
    scene.end(call).await.rejected(status, reason);
    assert_eq!(scene.slow.metrics().await.value("otp_send_to_success_seconds_count", &[]), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_replaced_while_it_is_compared_does_not_verify() {
    not_approved(&[], ("superseded", "superseded"), async |scene, _| {
        let successor = scene.quick.client.issue("ada").await;
        scene.quick.client.check_id(&successor.id, &successor.code).await.approved();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_cancelled_while_it_is_compared_does_not_verify() {
    not_approved(&[], ("canceled", "canceled"), async |scene, issued| {
        assert_eq!(scene.quick.client.cancel(&issued.id).await.is(200).str("status"), "canceled");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_expires_while_it_is_compared_does_not_verify() {
    not_approved(&[("OTP_LIFETIME_MINUTES", "10s")], ("expired", "expired"), async |scene, issued| {
        let expired = || async {
            let known = scene.quick.client.verification(&issued.id).await;
            (known.is(200).str("status") == "expired").then_some(())
        };
        wait::until_async("its end", LAPSED_WITHIN, expired).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_whose_subject_is_locked_while_it_is_compared_does_not_verify() {
    not_approved(&[], ("burnt", "too_many_failures"), async |scene, _| {
        for left in [3, 2, 1, 0] {
            let failure = scene.quick.client.post("/v1/guard/failure", &json!({"subject": "ada"})).await.is(200);
            assert_eq!((failure.number("attempts_left"), &failure.body["locked"]), (left, &json!(left == 0)));
        }
    })
    .await;
}

/// A lock that held only while one of the subject's own codes was compared leaves nothing in the memory of who refused by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replaced_code_locked_while_it_was_compared_is_open_at_once() {
    let scene = scene(&[]);
    let old = scene.slow.client.issue("ada").await;
    let issued = scene.slow.client.issue("ada").await;
    scene.four_failures().await;
    let call = scene.begin(&issued, &old.code, 5).await;
    let from_memory = async || scene.slow.metrics().await.value("otp_refusals_from_memory_total", &[]);
    for _ in 0..12 {
        scene.slow.client.check_id(&issued.id, &issued.code).await.refused(429, "subject_locked");
    }
    assert!(from_memory().await > 0.0, "remembered");
    scene.end(call).await.rejected("superseded", "superseded");
    scene.slow.client.check_id(&issued.id, &issued.code).await.approved();
}
