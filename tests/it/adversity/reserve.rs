//! Between what a send spends and the code it stores lies a hash: what may happen meanwhile.

use hyper::Method;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::support::{
    Answer, Client, HeldHash, Issued, Redis, Rig, Sidecar, client::fresh_ip, rig::UNLIMITED, scheme::CHEAP, wait,
};

/// A sidecar whose hashes can be held, and one that is quick, over one Redis.
struct Scene {
    hash: HeldHash,
    slow: Rig,
    quick: Client,
    _sidecar: Sidecar,
}

fn scene(variables: &[(&str, &str)]) -> Scene {
    let variables = [CHEAP, variables].concat();
    let (redis, hash) = (Redis::start(), HeldHash::new());
    let sidecar = hash.on(Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(&variables)).start();
    let slow = Rig { client: sidecar.client(), sidecar, redis };
    let sidecar = slow.another(&variables);
    Scene { hash, slow, quick: sidecar.client(), _sidecar: sidecar }
}

impl Scene {
    /// Asks the slow sidecar for a code for `ada`, waits until that is counted as her `nth` request, and holds its hash.
    async fn begin(&self, nth: u64) -> JoinHandle<Option<Answer>> {
        let body = json!({"subject": "ada", "ip": fresh_ip()}).to_string();
        let client = self.slow.client.clone();
        self.hash.hold();
        let call =
            tokio::spawn(async move { client.try_call(Method::POST, "/v1/verifications", body.into()).await.ok() });
        let counted = || async { (self.quick.status("ada").await["requests_last_hour"] == json!(nth)).then_some(()) };
        wait::until_async("the reservation", wait::PATIENCE, counted).await;
        assert!(!call.is_finished(), "the hash still runs");
        call
    }

    /// Lets the hash end; answers what its caller is told.
    async fn end(&self, call: JoinHandle<Option<Answer>>) -> Answer {
        self.hash.release();
        call.await.unwrap().expect("an answer")
    }
}

fn issued(answer: &Answer) -> Issued {
    Issued { id: answer.str("id").into(), code: answer.str("code").into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_stays_valid_while_its_successor_is_hashed() {
    let scene = scene(&[]);
    let old = scene.quick.issue("ada").await;
    let call = scene.begin(2).await;
    scene.quick.check_id(&old.id, &old.code).await.approved();
    let new = issued(&scene.end(call).await.is(201));
    scene.quick.check_id(&old.id, &old.code).await.rejected("used", "already_used");
    scene.quick.check_id(&new.id, &new.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_successor_is_stored_the_old_code_is_superseded() {
    let scene = scene(&[]);
    let old = scene.quick.issue("ada").await;
    let call = scene.begin(2).await;
    assert_eq!(scene.quick.verification(&old.id).await.is(200).str("status"), "pending");
    let new = issued(&scene.end(call).await.is(201));
    scene.quick.check_id(&old.id, &old.code).await.rejected("superseded", "superseded");
    scene.quick.check_id(&new.id, &new.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_before_the_code_is_stored_leaves_the_old_one_and_spends_the_quota() {
    let mut scene = scene(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "2")]);
    let old = scene.quick.issue("ada").await;
    let call = scene.begin(2).await;
    scene.slow.sidecar.kill();
    assert!(call.await.unwrap().is_none(), "no answer");
    assert_eq!(scene.quick.status("ada").await["sends_left"], json!(0));
    scene.quick.send("ada").await.refused(429, "quota_subject");
    scene.quick.check_id(&old.id, &old.code).await.approved();
}

/// Both are answered; whoever asked later has the code that works, whichever hash was done first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_sends_that_overlap_the_later_ones_code_is_valid() {
    let scene = scene(&[]);
    let call = scene.begin(1).await;
    let later = scene.quick.issue("ada").await;
    let earlier = issued(&scene.end(call).await.is(201));
    scene.quick.check_id(&earlier.id, &earlier.code).await.rejected("superseded", "superseded");
    assert_eq!(scene.quick.verification(&later.id).await.is(200).str("status"), "pending");
    scene.quick.check_id(&later.id, &later.code).await.approved();
    assert_eq!(scene.quick.status("ada").await["pending"], json!(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_sends_on_one_slow_sidecar_exactly_one_code_is_valid() {
    let scene = scene(&[]);
    let first = scene.begin(1).await;
    let second = scene.begin(2).await;
    let first = issued(&scene.end(first).await.is(201));
    let second = issued(&scene.end(second).await.is(201));
    scene.quick.check_id(&first.id, &first.code).await.rejected("superseded", "superseded");
    scene.quick.check_id(&second.id, &second.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_begins_meanwhile_lets_nothing_be_issued() {
    let scene = scene(&[]);
    let call = scene.begin(1).await;
    for _ in 0..5 {
        scene.quick.post("/v1/guard/failure", &json!({"subject": "ada"})).await.is(200);
    }
    scene.end(call).await.refused(429, "subject_locked");
    let status = scene.quick.status("ada").await;
    assert_eq!((&status["pending"], &status["requests_last_hour"]), (&json!(0), &json!(1)), "{status}");
}
