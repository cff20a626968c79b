//! What may happen while a code is being compared: between the claim that charges it and the settlement.
//!
//! Its hashes are held there, and so is Redis's clock; another sidecar does whatever happens meanwhile.

use hyper::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use super::held_clock::HeldClock;
use crate::support::{
    Answer, Client, HeldHash, Issued, Redis, Sidecar, Swarm,
    client::fresh_ip,
    rig::{UNLIMITED, tally},
    scheme::CHEAP,
    wait, wrong_code_than,
};

const CHECK: &str = "/v1/verifications/check";
const CODE_LIFE_MS: u64 = 300_000;
/// After this long a claim is taken for one whose sidecar is gone, ms.
const CLAIM_MS: u64 = 5_000;

/// Sidecars are dropped before their Redis.
struct Comparing {
    comparing: Sidecar,
    aside: Sidecar,
    hash: HeldHash,
    clock: HeldClock,
    _redis: Redis,
}

impl Comparing {
    #[track_caller]
    fn start(variables: &[(&str, &str)]) -> Self {
        let ((clock, redis), hash) = (HeldClock::start(), HeldHash::new());
        let builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(CHEAP).set_all(variables);
        Self { comparing: hash.on(builder.clone()).start(), aside: builder.start(), hash, clock, _redis: redis }
    }

    fn aside(&self) -> Client {
        self.aside.client()
    }

    async fn failed(&self) -> u64 {
        self.aside().status("ada").await["failed_attempts"].as_u64().unwrap()
    }

    /// Has one sidecar check this code, and holds the hash that follows the charge.
    async fn check(&self, issued: &Issued, code: &str) -> JoinHandle<Option<Answer>> {
        let (client, before) = (self.comparing.client(), self.failed().await);
        let body = json!({"id": issued.id, "code": code, "ip": fresh_ip()}).to_string();
        self.hash.hold();
        let call = tokio::spawn(async move { client.try_call(Method::POST, CHECK, body.into()).await.ok() });
        let charged = async || (self.failed().await > before).then_some(());
        wait::until_async("the attempt to be charged", wait::PATIENCE, charged).await;
        assert!(!call.is_finished(), "the hash is not held");
        call
    }

    async fn answer(&self, call: JoinHandle<Option<Answer>>) -> Answer {
        self.hash.release();
        call.await.unwrap().expect("an answer")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_expires_while_it_is_compared_has_expired() {
    let rig = Comparing::start(&[]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    rig.clock.advance(CODE_LIFE_MS);
    rig.answer(call).await.rejected("expired", "expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_canceled_while_it_is_compared_stays_so() {
    let rig = Comparing::start(&[]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    assert_eq!(rig.aside().cancel(&issued.id).await.is(200).str("status"), "canceled");
    rig.answer(call).await.rejected("canceled", "canceled");
    assert_eq!(rig.failed().await, 1, "the charge stands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_replaced_while_it_is_compared_opens_nothing() {
    let rig = Comparing::start(&[]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    let next = rig.aside().issue("ada").await;
    rig.answer(call).await.rejected("superseded", "superseded");
    rig.aside().check_id(&next.id, &next.code).await.approved();
}

/// What was right is this user's own code by now, and costs nothing; what was wrong is a guess as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_is_compared_while_its_code_is_replaced_only_a_wrong_code_stays_charged() {
    let rig = Comparing::start(&[("OTP_LENGTH", "12")]);
    for (right, failed) in [(true, 0), (false, 1)] {
        let issued = rig.aside().issue("ada").await;
        let typed = if right { issued.code.clone() } else { wrong_code_than(&issued.code) };
        let call = rig.check(&issued, &typed).await;
        rig.aside().issue("ada").await;
        rig.answer(call).await.is(200);
        assert_eq!(rig.failed().await, failed, "right: {right}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_begins_while_a_code_is_compared_burns_it() {
    let rig = Comparing::start(&[]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    for locked in [false, false, false, true] {
        let answer = rig.aside().post("/v1/guard/failure", &json!({"subject": "ada", "ip": fresh_ip()})).await.is(200);
        assert_eq!(answer.body["locked"], json!(locked));
    }
    rig.answer(call).await.rejected("burnt", "too_many_failures");
    rig.aside().send("ada").await.refused(429, "subject_locked");
}

/// Its sidecar was away for so long that the claim was given up: what it says then no longer counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_that_comes_too_late_opens_nothing_and_stays_charged() {
    let rig = Comparing::start(&[]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    rig.clock.advance(CLAIM_MS);
    rig.aside().post("/v1/guard/failure", &json!({"subject": "ada", "ip": fresh_ip()})).await.is(200);
    rig.answer(call).await.refused(503, "store_unavailable");
    assert_eq!(rig.failed().await, 2);
    rig.aside().check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_a_code_is_compared_gives_no_guess_back() {
    let mut rig = Comparing::start(&[]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    rig.comparing.kill();
    assert!(call.await.unwrap().is_none());
    assert_eq!(rig.failed().await, 1);
    let answer =
        rig.aside().check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
    assert_eq!(answer.number("attempts_left"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_claim_that_reaches_the_limit_locks_at_once_and_a_crash_leaves_it_locked() {
    let mut rig = Comparing::start(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "1")]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    rig.aside().check_id(&issued.id, &issued.code).await.refused(429, "subject_locked");
    rig.comparing.kill();
    assert!(call.await.unwrap().is_none());
    rig.clock.advance(CLAIM_MS);
    rig.aside().send("ada").await.refused(429, "subject_locked");
    assert_eq!(rig.aside().verification(&issued.id).await.is(200).str("status"), "burnt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_code_lifts_the_lock_that_its_own_claim_began() {
    let rig = Comparing::start(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "1")]);
    let issued = rig.aside().issue("ada").await;
    let call = rig.check(&issued, &issued.code).await;
    rig.aside().send("ada").await.refused(429, "subject_locked");
    rig.answer(call).await.approved();
    let status = rig.aside().status("ada").await;
    assert_eq!((&status["locked"], &status["lock_level"]), (&json!(false), &json!(0)), "{status}");
    rig.aside().check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_comparisons_at_once_one_is_approved_and_the_limit_holds() {
    let (_clock, redis) = HeldClock::start();
    let sidecars = [(); 2].map(|()| Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(CHEAP).start());
    let clients = [sidecars[0].client(), sidecars[1].client()];
    let swarm = Swarm::open(&clients, 12).await;
    for trial in 0..10 {
        let subject = format!("user{trial}");
        let issued = clients[0].issue(&subject).await;
        let body = |code: &str| json!({"id": issued.id, "code": code, "ip": fresh_ip()});
        let rights = (0..12).map(|_| body(&issued.code)).collect();
        let seen = tally(&swarm.post(CHECK, rights).await);
        assert_eq!(seen.get("approved"), Some(&1), "{seen:?}");
        let issued = clients[1].issue(&format!("other{trial}")).await;
        let wrongs =
            issued.wrong_codes().take(12).map(|wrong| json!({"id": issued.id, "code": wrong, "ip": fresh_ip()}));
        let seen = tally(&swarm.post(CHECK, wrongs.collect()).await);
        assert!(seen.get("wrong_code").is_some_and(|evaluated| *evaluated <= 5), "{seen:?}");
    }
}
