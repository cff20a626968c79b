//! Everybody at once.

use serde_json::{Value, json};

use crate::support::{
    Client, Issued, Metrics, Redis, Sidecar, Swarm,
    client::fresh_ip,
    rig::{UNLIMITED, tally},
    scheme::{CHEAP, HMAC, Settings},
};

const TRIALS: usize = 50;
/// Where each guess is a hash.
const SLOWER_TRIALS: usize = 20;
const LIMIT: usize = 5;
/// On a machine that stands still for a second a call may time out, and its outcome is unknown: such a trial shows only
/// what must never happen.
const LOST: &str = "store_unavailable";

/// Two sidecars over one Redis.
struct Pair {
    clients: [Client; 2],
    sidecars: [Sidecar; 2],
    redis: Redis,
}

fn pair(schemes: [Settings; 2], variables: &[(&str, &str)]) -> Pair {
    let redis = Redis::start();
    let start = |scheme| Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(scheme).set_all(variables).start();
    let sidecars = schemes.map(start);
    Pair { clients: [sidecars[0].client(), sidecars[1].client()], sidecars, redis }
}

/// Two sidecars that hash, and have hashed: the queue's length is judged by how long the last hashes took, and begins
/// with a guess.
async fn hashing_pair(schemes: [Settings; 2], variables: &[(&str, &str)]) -> Pair {
    let pair = pair(schemes, variables);
    for n in 0..40 {
        for client in &pair.clients {
            client.issue(&format!("warm{n}-{}", fresh_ip())).await;
        }
    }
    pair
}

impl Pair {
    /// Hashes computed so far, by either.
    async fn hashes(&self) -> usize {
        let mut sum = 0.0;
        for sidecar in &self.sidecars {
            sum += Metrics::fetch(sidecar).await.value("otp_hash_seconds_count", &[]);
        }
        sum as usize
    }

    /// Whether any index of locked subjects has a member.
    fn locks(&self) -> bool {
        self.redis.keys().iter().any(|key| key.ends_with(b":locked"))
    }
}

fn check(issued: &Issued, code: &str) -> Value {
    json!({"id": issued.id, "code": code, "ip": fresh_ip()})
}

/// 99 wrong codes, and the right one elsewhere in each trial.
fn guesses(issued: &Issued, trial: usize) -> Vec<Value> {
    let mut bodies: Vec<_> = issued.wrong_codes().take(99).map(|wrong| check(issued, &wrong)).collect();
    bodies.insert(trial * 37 % 100, check(issued, &issued.code));
    bodies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_guesses_at_once_no_more_than_the_limit_are_evaluated() {
    let pair = pair([HMAC; 2], &[]);
    let swarm = Swarm::open(&pair.clients, 100).await;
    for trial in 0..TRIALS {
        let issued = pair.clients[0].issue(&format!("user{trial}")).await;
        let seen = tally(&swarm.post("/v1/verifications/check", guesses(&issued, trial)).await);
        let count = |word: &str| seen.get(word).copied().unwrap_or_default();
        assert!(count("wrong_code") + count("approved") <= LIMIT, "{seen:?}");
        assert!(count("approved") <= 1, "{seen:?}");
        if count(LOST) > 0 {
            continue;
        }
        // Either the right one came early and the code is used, or the limit was reached; on a machine that is busy some are
        // turned away before.
        let reached = count("approved") == 1 || count("wrong_code") == LIMIT;
        assert!(reached || count("overloaded") > 0, "{seen:?}");
        let others = ["wrong_code", "approved", "subject_locked", "already_used", "overloaded"];
        assert_eq!(others.map(count).iter().sum::<usize>(), 100, "{seen:?}");
    }
}

/// Here an attempt is charged before it is compared, so it is the comparisons that are counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_guesses_at_once_no_more_than_the_limit_are_hashed() {
    let pair = hashing_pair([CHEAP; 2], &[]).await;
    let swarm = Swarm::open(&pair.clients, 100).await;
    let mut approvals = 0;
    for trial in 0..SLOWER_TRIALS {
        let subject = format!("user{trial}");
        let issued = pair.clients[trial % 2].issue(&subject).await;
        let before = pair.hashes().await;
        let seen = tally(&swarm.post("/v1/verifications/check", guesses(&issued, trial)).await);
        let hashed = pair.hashes().await - before;
        assert!(hashed <= LIMIT, "{hashed} {seen:?}");
        let count = |word: &str| seen.get(word).copied().unwrap_or_default();
        assert!(count("wrong_code") <= LIMIT && count("approved") <= 1, "{seen:?}");
        if count(LOST) > 0 {
            continue;
        }
        let status = pair.clients[0].status(&subject).await;
        // The lock that a claim began is gone with the success of its code, and stands without it.
        assert_eq!(status["locked"], json!(count("approved") == 0), "{seen:?} {status}");
        assert_eq!(pair.clients[1].verification(&issued.id).await.str("status") == "approved", count("approved") == 1);
        let known = ["wrong_code", "approved", "subject_locked", "already_used", "too_many_failures", "overloaded"];
        assert_eq!(known.map(count).iter().sum::<usize>(), 100, "{seen:?}");
        approvals += count("approved");
    }
    assert!(approvals < SLOWER_TRIALS, "some trials ended in a lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_over_several_purposes_share_the_limit() {
    for scheme in [HMAC, CHEAP] {
        let pair = hashing_pair([scheme; 2], &[]).await;
        let swarm = Swarm::open(&pair.clients, 100).await;
        for trial in 0..TRIALS / 5 {
            let subject = format!("user{trial}");
            let mut bodies = Vec::new();
            for purpose in ["a", "b", "c", "d", "e"] {
                let issued = pair.clients[1].issue_for(&subject, purpose).await;
                bodies.extend(issued.wrong_codes().take(20).map(|wrong| check(&issued, &wrong)));
            }
            let seen = tally(&swarm.post("/v1/verifications/check", bodies).await);
            let count = |word: &str| seen.get(word).copied().unwrap_or_default();
            assert!(count("wrong_code") <= LIMIT, "{seen:?}");
            if count(LOST) > 0 {
                continue;
            }
            assert_eq!(count("wrong_code"), LIMIT, "{seen:?}");
            assert_eq!(count("subject_locked") + count("overloaded"), 95, "{seen:?}");
            assert!(scheme != HMAC || count("overloaded") == 0, "{seen:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_right_codes_at_once_exactly_one_is_approved() {
    let pair = pair([HMAC; 2], &[]);
    let swarm = Swarm::open(&pair.clients, 50).await;
    for trial in 0..TRIALS {
        let issued = pair.clients[0].issue(&format!("user{trial}")).await;
        let seen = tally(&swarm.post("/v1/verifications/check", vec![check(&issued, &issued.code); 50]).await);
        let count = |word: &str| seen.get(word).copied().unwrap_or_default();
        assert!(count("approved") <= 1, "{seen:?}");
        if count(LOST) == 0 {
            assert_eq!((count("approved"), count("already_used")), (1, 49), "{seen:?}");
        }
    }
}

/// Five claims of the right code reach the limit and lock; the first success of that code lifts it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_right_codes_at_once_one_is_approved_and_none_leaves_a_lock() {
    let pair = hashing_pair([CHEAP; 2], &[]).await;
    let swarm = Swarm::open(&pair.clients, 50).await;
    let mut provisional = 0;
    for trial in 0..SLOWER_TRIALS {
        let subject = format!("user{trial}");
        let issued = pair.clients[trial % 2].issue(&subject).await;
        let seen = tally(&swarm.post("/v1/verifications/check", vec![check(&issued, &issued.code); 50]).await);
        let count = |word: &str| seen.get(word).copied().unwrap_or_default();
        assert!(count("approved") <= 1, "{seen:?}");
        if count(LOST) > 0 {
            continue;
        }
        assert_eq!(count("approved"), 1, "{seen:?}");
        let others = ["already_used", "subject_locked", "overloaded"];
        assert_eq!(others.map(count).iter().sum::<usize>(), 49, "{seen:?}");
        provisional += count("subject_locked");
        let status = pair.clients[0].status(&subject).await;
        for (field, value) in [
            ("locked", json!(false)),
            ("locked_until", json!(null)),
            ("lock_level", json!(0)),
            ("failed_attempts", json!(0)),
            ("attempts_left", json!(5)),
            ("can_request", json!(true)),
        ] {
            assert_eq!(status[field], value, "{field}: {status}");
        }
        assert!(!pair.locks(), "nobody is locked");
        let again = pair.clients[1].issue(&subject).await;
        pair.clients[0].check_id(&again.id, &again.code).await.approved();
    }
    assert!(provisional > 0, "no trial ever reached the limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_sends_at_once_exactly_one_is_issued() {
    for schemes in [[HMAC; 2], [CHEAP; 2], [HMAC, CHEAP]] {
        let pair = hashing_pair(schemes, &[("RESEND_COOLDOWN_SECONDS", "60")]).await;
        let swarm = Swarm::open(&pair.clients, 50).await;
        for trial in 0..SLOWER_TRIALS {
            let subject = format!("user{trial}");
            let bodies = (0..50).map(|_| json!({"subject": subject, "ip": fresh_ip()})).collect();
            let answers = swarm.post("/v1/verifications", bodies).await;
            let issued: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
            assert!(issued.len() <= 1, "{:?}", tally(&answers));
            if tally(&answers).contains_key(LOST) {
                continue;
            }
            assert_eq!(issued.len(), 1, "{:?}", tally(&answers));
            let (id, code) = (issued[0].str("id"), issued[0].str("code"));
            pair.clients[1].check_id(id, code).await.approved();
            for answer in answers.into_iter().filter(|answer| answer.status != 201) {
                // What the queue has no room for is refused before anything is asked.
                match answer.status {
                    503 if schemes != [HMAC; 2] => answer.refused(503, "overloaded"),
                    _ => answer.refused(429, "resend_cooldown"),
                };
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_are_exact_however_many_ask() {
    let pair = pair([HMAC; 2], &[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "3"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "7")]);
    let swarm = Swarm::open(&pair.clients, 50).await;
    for trial in 0..TRIALS / 5 {
        let bodies = (0..50).map(|_| json!({"subject": format!("user{trial}"), "ip": fresh_ip()})).collect();
        let seen = tally(&swarm.post("/v1/verifications", bodies).await);
        assert!(seen.contains_key(LOST) || seen.get("quota_subject") == Some(&47), "{seen:?}");
        let ip = fresh_ip();
        let bodies = (0..50).map(|n| json!({"subject": format!("many{trial}-{n}"), "ip": ip})).collect();
        let seen = tally(&swarm.post("/v1/verifications", bodies).await);
        assert!(seen.contains_key(LOST) || seen.get("quota_ip") == Some(&43), "{seen:?}");
    }
}

/// While the operator changes `OTP_HASH`, sidecars of both kinds share a store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sidecars_of_either_scheme_check_what_the_other_issued() {
    let pair = hashing_pair([HMAC, CHEAP], &[]).await;
    for (issuing, checking) in [(0, 1), (1, 0)] {
        let issued = pair.clients[issuing].issue(&format!("calm{issuing}")).await;
        for (wrong, left) in issued.wrong_codes().zip([4, 3]) {
            let answer = pair.clients[checking].check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
            assert_eq!(answer.number("attempts_left"), left);
        }
        pair.clients[checking].check_id(&issued.id, &issued.code).await.approved();
        pair.clients[issuing].check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
    }
    let swarm = Swarm::open(&pair.clients, 100).await;
    for trial in 0..SLOWER_TRIALS {
        let issued = pair.clients[trial % 2].issue(&format!("user{trial}")).await;
        let seen = tally(&swarm.post("/v1/verifications/check", guesses(&issued, trial)).await);
        let count = |word: &str| seen.get(word).copied().unwrap_or_default();
        assert!(count("wrong_code") <= LIMIT && count("approved") <= 1, "{seen:?}");
        if count(LOST) > 0 {
            continue;
        }
        let locked = pair.clients[0].status(&format!("user{trial}")).await["locked"] == json!(true);
        assert_eq!(locked, count("approved") == 0, "{seen:?}");
    }
}
