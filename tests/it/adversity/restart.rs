//! A sidecar that dies and comes back.

use std::time::Duration;

use crate::support::{Fault, Issued, Proxy, Redis, Sidecar, rig::UNLIMITED};

fn start(redis: &Redis) -> Sidecar {
    Sidecar::builder().on(redis).set_all(&UNLIMITED).start()
}

/// Ends the sidecar by `end` after each guess; the guesses must run out all the same.
async fn guesses_over_restarts(end: impl Fn(&mut Sidecar)) {
    let redis = Redis::start();
    let mut sidecar = start(&redis);
    let issued = sidecar.client().issue("ada").await;
    for (wrong, left) in issued.wrong_codes().zip([4, 3, 2, 1, 0]) {
        let answer = sidecar.client().check_id(&issued.id, &wrong).await.is(200);
        assert_eq!(answer.number("attempts_left"), left, "{answer:?}");
        end(&mut sidecar);
        sidecar = start(&redis);
    }
    sidecar.client().check_id(&issued.id, &issued.code).await.refused(429, "subject_locked");
}

#[tokio::test]
async fn a_restart_gives_no_guess_back() {
    guesses_over_restarts(|sidecar| assert!(sidecar.terminate().0.success())).await;
}

#[tokio::test]
async fn a_crash_gives_no_guess_back() {
    guesses_over_restarts(Sidecar::kill).await;
}

/// One that is ready has all that a call needs: the first is not the one that waits for a connection.
#[tokio::test]
async fn the_first_call_needs_no_new_connection() {
    let redis = Redis::start();
    let sidecar = start(&redis);
    redis.cli(&["CONFIG", "SET", "maxclients", "1"]);
    let issued = sidecar.client().issue("ada").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
}

/// A few answers of one that is far away take longer than any one may.
#[tokio::test]
async fn with_redis_far_away_one_that_is_ready_decides_calls() {
    let redis = Redis::start();
    let proxy = Proxy::start(&redis);
    proxy.set(Fault::Delay(Duration::from_millis(300)));
    let builder = Sidecar::builder().set("REDIS_URL", &proxy.url()).set("OTP_REDIS_TIMEOUT", "800ms");
    builder.set_all(&UNLIMITED).start().client().issue("ada").await;
}

#[tokio::test]
async fn codes_pauses_and_uses_outlive_the_sidecar() {
    let redis = Redis::start();
    let mut sidecar = Sidecar::builder().on(&redis).start();
    let ada = sidecar.client().issue("ada").await;
    let bob = sidecar.client().issue("bob").await;
    sidecar.client().check_id(&bob.id, &bob.code).await.approved();
    sidecar.kill();
    let sidecar = Sidecar::builder().on(&redis).start();
    let client = sidecar.client();
    client.send("ada").await.refused(429, "resend_cooldown");
    client.check_id(&bob.id, &bob.code).await.rejected("used", "already_used");
    client.check_id(&ada.id, &ada.code).await.approved();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_cut_off_by_a_crash_is_charged_at_most_once_and_never_refunded() {
    let redis = Redis::start();
    let mut sidecar = start(&redis);
    let issued: Issued = sidecar.client().issue("ada").await;
    let mut wrong = issued.wrong_codes();
    // Five guesses are sent off, each to a sidecar that is killed without waiting for the answer.
    for moment in 0..5 {
        let guess = wrong.next().unwrap();
        let client = sidecar.client();
        let id = issued.id.clone();
        let call = tokio::spawn(async move {
            let body = serde_json::json!({"id": id, "code": guess, "ip": "203.0.113.7"}).to_string();
            let path = "/v1/verifications/check";
            client.try_call(hyper::Method::POST, path, body.into()).await.ok().map(|answer| answer.status)
        });
        // Nothing is waited for: each kill meets its call at another point of its way.
        tokio::time::sleep(Duration::from_micros(300 * moment)).await;
        sidecar.kill();
        let _ = call.await;
        sidecar = start(&redis);
    }
    let status = sidecar.client().status("ada").await;
    let charged = status["failed_attempts"].as_u64().unwrap();
    let left = status["attempts_left"].as_u64().unwrap();
    assert!(charged <= 5 && (charged + left == 5 || status["locked"] == serde_json::json!(true)), "{status}");
    let mut evaluated = 0;
    for guess in wrong.take(10) {
        evaluated += u64::from(sidecar.client().check_id(&issued.id, &guess).await.status == 200);
    }
    assert_eq!(evaluated, left, "{status}");
}
