//! Everybody at once.

use serde_json::{Value, json};

use crate::support::{
    Client, Issued, Redis, Sidecar, Swarm,
    client::fresh_ip,
    rig::{UNLIMITED, tally},
};

const TRIALS: usize = 50;
const LIMIT: usize = 5;

/// Two sidecars over one Redis.
struct Pair {
    clients: [Client; 2],
    _sidecars: [Sidecar; 2],
    _redis: Redis,
}

fn pair(variables: &[(&str, &str)]) -> Pair {
    let redis = Redis::start();
    let sidecars = [(); 2].map(|()| Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(variables).start());
    Pair { clients: [sidecars[0].client(), sidecars[1].client()], _sidecars: sidecars, _redis: redis }
}

fn check(issued: &Issued, code: &str) -> Value {
    json!({"id": issued.id, "code": code, "ip": fresh_ip()})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_guesses_at_once_no_more_than_the_limit_are_evaluated() {
    let pair = pair(&[]);
    let swarm = Swarm::open(&pair.clients, 100).await;
    for trial in 0..TRIALS {
        let issued = pair.clients[0].issue(&format!("user{trial}")).await;
        let mut bodies: Vec<_> = issued.wrong_codes().take(99).map(|wrong| check(&issued, &wrong)).collect();
        // The right one stands elsewhere in each trial.
        bodies.insert(trial * 2, check(&issued, &issued.code));
        let seen = tally(&swarm.post("/v1/verifications/check", bodies).await);
        let count = |word: &str| seen.get(word).copied().unwrap_or_default();
        assert!(count("wrong_code") + count("approved") <= LIMIT, "{seen:?}");
        assert!(count("approved") <= 1, "{seen:?}");
        // Either the right one came early and the code is used, or the limit was reached.
        assert!(count("approved") == 1 || count("wrong_code") == LIMIT, "{seen:?}");
        let others = ["wrong_code", "approved", "subject_locked", "already_used"];
        assert_eq!(others.map(count).iter().sum::<usize>(), 100, "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_over_several_purposes_share_the_limit() {
    let pair = pair(&[]);
    let swarm = Swarm::open(&pair.clients, 100).await;
    for trial in 0..TRIALS / 5 {
        let subject = format!("user{trial}");
        let mut bodies = Vec::new();
        for purpose in ["a", "b", "c", "d", "e"] {
            let issued = pair.clients[1].issue_for(&subject, purpose).await;
            bodies.extend(issued.wrong_codes().take(20).map(|wrong| check(&issued, &wrong)));
        }
        let seen = tally(&swarm.post("/v1/verifications/check", bodies).await);
        assert_eq!((seen.get("wrong_code"), seen.get("subject_locked")), (Some(&LIMIT), Some(&95)), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_right_codes_at_once_exactly_one_is_approved() {
    let pair = pair(&[]);
    let swarm = Swarm::open(&pair.clients, 50).await;
    for trial in 0..TRIALS {
        let issued = pair.clients[0].issue(&format!("user{trial}")).await;
        let seen = tally(&swarm.post("/v1/verifications/check", vec![check(&issued, &issued.code); 50]).await);
        assert_eq!((seen.get("approved"), seen.get("already_used")), (Some(&1), Some(&49)), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_sends_at_once_exactly_one_is_issued() {
    let pair = pair(&[("RESEND_COOLDOWN_SECONDS", "60")]);
    let swarm = Swarm::open(&pair.clients, 50).await;
    for trial in 0..TRIALS {
        let subject = format!("user{trial}");
        let bodies = (0..50).map(|_| json!({"subject": subject, "ip": fresh_ip()})).collect();
        let answers = swarm.post("/v1/verifications", bodies).await;
        let issued: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(issued.len(), 1, "{:?}", tally(&answers));
        let (id, code) = (issued[0].str("id"), issued[0].str("code"));
        pair.clients[1].check_id(id, code).await.approved();
        for answer in answers.into_iter().filter(|answer| answer.status != 201) {
            answer.refused(429, "resend_cooldown");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_are_exact_however_many_ask() {
    let pair = pair(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "3"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "7")]);
    let swarm = Swarm::open(&pair.clients, 50).await;
    for trial in 0..TRIALS / 5 {
        let bodies = (0..50).map(|_| json!({"subject": format!("user{trial}"), "ip": fresh_ip()})).collect();
        let seen = tally(&swarm.post("/v1/verifications", bodies).await);
        assert_eq!(seen.get("quota_subject"), Some(&47), "{seen:?}");
        let ip = fresh_ip();
        let bodies = (0..50).map(|n| json!({"subject": format!("many{trial}-{n}"), "ip": ip})).collect();
        let seen = tally(&swarm.post("/v1/verifications", bodies).await);
        assert_eq!(seen.get("quota_ip"), Some(&43), "{seen:?}");
    }
}
