//! Failures per client address.

use serde_json::{Value, json};

use crate::support::{
    Answer, Client, Issued, Rig, Swarm,
    client::fresh_ip,
    keys,
    rig::tally,
    scheme::{Settings, both},
    wait, wrong_code_than,
};

const IP: &str = "203.0.113.7";
const ELSEWHERE: &str = "203.0.113.8";

/// Three failures an hour, and no other limit on addresses.
fn rig(scheme: Settings, variables: &[(&str, &str)]) -> Rig {
    Rig::unlimited(&[scheme, &[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "3")], variables].concat())
}

async fn check(client: &Client, id: &str, code: &str, ip: &str) -> Answer {
    client.check_body(json!({"id": id, "code": code, "ip": ip})).await
}

/// One wrong code for a subject of its own.
async fn spray(rig: &Rig, subject: &str, ip: &str) -> Answer {
    let issued = rig.client.issue(subject).await;
    check(&rig.client, &issued.id, &wrong_code_than(&issued.code), ip).await
}

/// That `IP` may fail `left` more times, and no more.
async fn may_fail(rig: &Rig, left: usize) {
    for n in 0..left {
        spray(rig, &format!("probe{n}"), IP).await.rejected("pending", "wrong_code");
    }
    spray(rig, "probe", IP).await.refused(429, "ip_blocked");
}

#[tokio::test]
async fn spraying_over_many_subjects_is_stopped() {
    both(async |scheme| {
        let rig = rig(scheme, &[]);
        for subject in ["a", "b", "c"] {
            spray(&rig, subject, IP).await.rejected("pending", "wrong_code");
        }
        let issued = rig.client.issue("d").await;
        for code in [wrong_code_than(&issued.code), issued.code.clone()] {
            let refused = check(&rig.client, &issued.id, &code, IP).await.refused(429, "ip_blocked");
            assert_eq!(refused.body["limit"], json!({"name": "ip_failures", "max": 3, "window": 3600}));
            assert!((3590..=3600).contains(&refused.number("retry_after")), "{refused:?}");
        }
        rig.client.send_body(json!({"subject": "e", "ip": IP})).await.refused(429, "ip_blocked");
        assert_eq!((rig.counted("d").await, rig.counted("e").await), ((0, 1), (0, 0)));
        assert_eq!(rig.metrics().await.value("otp_ip_blocks_total", &[]), 1.0);
        check(&rig.client, &issued.id, &issued.code, ELSEWHERE).await.approved();
    })
    .await;
}

#[tokio::test]
async fn right_codes_do_not_count() {
    both(async |scheme| {
        let rig = rig(scheme, &[]);
        for n in 0..10 {
            let issued = rig.client.issue(&format!("user{n}")).await;
            let right = check(&rig.client, &issued.id, &issued.code, IP).await.approved();
            assert!(right.header("ratelimit").is_some_and(|state| state.contains("\"ip_failures\";r=3;")), "{right:?}");
        }
        may_fail(&rig, 3).await;
    })
    .await;
}

/// Whoever tries things out learns nothing for free, whatever becomes of what he tried.
#[tokio::test]
async fn every_verdict_that_lets_nobody_in_counts() {
    both(async |scheme| {
        for kind in ["forged", "foreign", "mismatch", "not_found", "used", "canceled", "superseded", "burnt", "expired"]
        {
            let rig = rig(scheme, &[("ACCOUNT_LOCKOUT_MINUTES", "1s")]);
            let (id, code) = prepared(&rig, kind).await;
            for _ in 0..3 {
                let body = match kind {
                    "not_found" => json!({"subject": "nobody", "code": code, "ip": IP}),
                    "mismatch" => json!({"id": id, "subject": "bob", "code": code, "ip": IP}),
                    _ => json!({"id": id, "code": code, "ip": IP}),
                };
                let status = if matches!(kind, "forged" | "foreign" | "mismatch") { "not_found" } else { kind };
                let answer = rig.client.check_body(body).await.is(200);
                assert_eq!((answer.str("status"), &answer.body["valid"]), (status, &json!(false)), "{kind}");
            }
            may_fail(&rig, 0).await;
            check(&rig.client, &id, &code, IP).await.refused(429, "ip_blocked");
        }
    })
    .await;
}

/// An id and a code that check as `kind`.
async fn prepared(rig: &Rig, kind: &str) -> (String, String) {
    let Issued { id, code } = match kind {
        "foreign" => rig.client.clone().with_key(keys::OTHER_KEY).issue("ada").await,
        _ => rig.client.issue("ada").await,
    };
    match kind {
        "forged" => return (format!("{}AAAA", &id[..id.len() - 4]), code),
        "used" => drop(check(&rig.client, &id, &code, ELSEWHERE).await.approved()),
        "canceled" => drop(rig.client.cancel(&id).await.is(200)),
        "superseded" => drop(rig.client.issue("ada").await),
        "burnt" => {
            for _ in 0..5 {
                rig.client.post("/v1/guard/failure", &json!({"subject": "ada", "ip": fresh_ip()})).await.is(200);
            }
            // While it lasts, the lock is what everybody is told.
            let over = || async { (rig.client.status("ada").await["locked"] == json!(false)).then_some(()) };
            wait::until_async("the end of the lock", wait::PATIENCE, over).await;
        }
        // What an earlier epoch issued counts as expired.
        "expired" => {
            rig.redis.raise_epochs();
        }
        _ => {}
    }
    (id, code)
}

#[tokio::test]
async fn what_is_not_evaluated_does_not_count() {
    both(async |scheme| {
        let rig = rig(scheme, &[]);
        let issued = rig.client.issue("ada").await;
        let locked = rig.lock_out("bob").await.0;
        for _ in 0..5 {
            check(&rig.client, &issued.id, "12345x", IP).await.refused(422, "invalid_code");
            check(&rig.client, "forged", "1", IP).await.refused(422, "invalid_code");
            check(&rig.client, &locked.id, &locked.code, IP).await.refused(429, "subject_locked");
            rig.client.send_body(json!({"subject": "bob", "ip": IP})).await.refused(429, "subject_locked");
        }
        may_fail(&rig, 3).await;
    })
    .await;
}

#[tokio::test]
async fn the_apps_own_failures_count_as_well() {
    let rig = rig(&[], &[]);
    let fail = async |subject: &str| rig.client.post("/v1/guard/failure", &json!({"subject": subject, "ip": IP})).await;
    for subject in ["a", "b", "c"] {
        fail(subject).await.is(200);
    }
    fail("d").await.refused(429, "ip_blocked");
    let request = json!({"subject": "d", "ip": IP});
    rig.client.post("/v1/guard/request", &request).await.refused(429, "ip_blocked");
    assert_eq!(rig.counted("d").await, (0, 0));
    may_fail(&rig, 0).await;
}

#[tokio::test]
async fn a_network_of_version_6_is_one_and_an_address_of_version_4_one_in_either_notation() {
    let rig = rig(&[], &[]);
    for (n, ip) in ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::"].iter().enumerate() {
        spray(&rig, &format!("user{n}"), ip).await.rejected("pending", "wrong_code");
    }
    spray(&rig, "ada", "2001:db8:0:1:2:3:4:5").await.refused(429, "ip_blocked");
    spray(&rig, "ada", "2001:db8:0:2::1").await.rejected("pending", "wrong_code");
    for (n, ip) in [IP, "::ffff:203.0.113.7", "::ffff:cb00:7107"].iter().enumerate() {
        spray(&rig, &format!("four{n}"), ip).await.rejected("pending", "wrong_code");
    }
    may_fail(&rig, 0).await;
}

#[tokio::test]
async fn each_tenant_counts_for_itself() {
    let rig = rig(&[], &[]);
    may_fail(&rig, 3).await;
    let bank = rig.client.clone().with_key(keys::OTHER_KEY);
    let issued = bank.issue("ada").await;
    check(&bank, &issued.id, &wrong_code_than(&issued.code), IP).await.rejected("pending", "wrong_code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thirty_at_once_no_more_than_the_limit_are_evaluated() {
    both(async |scheme| {
        let rig = rig(scheme, &[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "5")]);
        let swarm = Swarm::open(std::slice::from_ref(&rig.client), 30).await;
        for trial in 0..5 {
            let ip = format!("203.0.113.{trial}");
            let mut bodies: Vec<Value> = Vec::new();
            for issued in rig.issue_all(&format!("user{trial}-"), 30).await {
                bodies.push(json!({"id": issued.id, "code": wrong_code_than(&issued.code), "ip": ip}));
            }
            let seen = tally(&swarm.post("/v1/verifications/check", bodies).await);
            let count = |word: &str| seen.get(word).copied().unwrap_or_default();
            assert_eq!((count("wrong_code"), count("ip_blocked") + count("overloaded")), (5, 25), "{seen:?}");
            let mut charged = 0;
            for n in 0..30 {
                charged += rig.counted(&format!("user{trial}-{n}")).await.0;
            }
            assert_eq!(charged, 5);
        }
    })
    .await;
}

#[tokio::test]
async fn the_window_slides() {
    let rig = rig(&[], &[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "3/5s")]);
    for n in 0..3 {
        spray(&rig, &format!("user{n}"), IP).await.rejected("pending", "wrong_code");
    }
    let refused = spray(&rig, "ada", IP).await.refused(429, "ip_blocked");
    assert!((1..=5).contains(&refused.number("retry_after")), "{refused:?}");
    assert_eq!(refused.body["limit"], json!({"name": "ip_failures", "max": 3, "window": 5}));
    let again = || async { (spray(&rig, "ada", IP).await.status == 200).then_some(()) };
    wait::until_async("the window to slide", wait::PATIENCE, again).await;
}

#[tokio::test]
async fn a_block_stands_after_the_lock_and_before_the_quotas() {
    let rig = rig(&[], &[("RESEND_COOLDOWN_SECONDS", "60"), ("OTP_MAX_CONSECUTIVE_FAILURES", "2")]);
    let locked = rig.client.issue("locked").await;
    for _ in 0..5 {
        rig.client.post("/v1/guard/failure", &json!({"subject": "locked", "ip": fresh_ip()})).await.is(200);
    }
    let disabled = rig.client.issue("disabled").await;
    for wrong in disabled.wrong_codes().take(2) {
        rig.client.check_id(&disabled.id, &wrong).await.is(200);
    }
    let live = rig.client.issue("ada").await;
    block(&rig).await;
    let send = |subject: &str| rig.client.send_body(json!({"subject": subject, "ip": IP}));
    for (subject, issued, code) in [
        ("disabled", &disabled, "subject_disabled"),
        ("locked", &locked, "subject_locked"),
        ("ada", &live, "ip_blocked"),
    ] {
        send(subject).await.refused(429, code);
        check(&rig.client, &issued.id, &issued.code, IP).await.refused(429, code);
    }
    rig.client.send("ada").await.refused(429, "resend_cooldown");
}

/// Three failures of `IP`, for which no code is needed.
async fn block(rig: &Rig) {
    for _ in 0..3 {
        check(&rig.client, "forged", "123456", IP).await.rejected("not_found", "not_found");
    }
    check(&rig.client, "forged", "123456", IP).await.refused(429, "ip_blocked");
}

#[tokio::test]
async fn the_address_must_be_named_where_failures_are_limited_and_only_there() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let nameless = json!({"id": issued.id, "code": wrong_code_than(&issued.code)});
    rig.client.check_body(nameless.clone()).await.refuses_field("ip");
    assert_eq!(rig.counted("ada").await.0, 0);
    let balanced = Rig::start(&[("OTP_PRESET", "balanced"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0")]);
    for n in 0..60 {
        let issued = balanced.client.issue(&format!("user{n}")).await;
        let guess = json!({"id": issued.id, "code": wrong_code_than(&issued.code)});
        balanced.client.check_body(guess).await.rejected("pending", "wrong_code");
        check(&balanced.client, &issued.id, &wrong_code_than(&issued.code), IP).await.rejected("pending", "wrong_code");
    }
}
