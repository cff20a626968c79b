//! One Redis, one sidecar, one client: what most tests need.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Client, Issued, Metrics, Redis, Sidecar};

/// Settings under which a test may send as often as it likes. Append what it is about.
pub const UNLIMITED: [(&str, &str); 4] = [
    ("RESEND_COOLDOWN_SECONDS", "0"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "off"),
    ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off"),
    ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "off"),
];

/// The sidecar is dropped before its Redis.
#[derive(Debug)]
pub struct Rig {
    pub client: Client,
    pub sidecar: Sidecar,
    pub redis: Redis,
}

impl Rig {
    /// Starts all three; `variables` are the sidecar's.
    #[track_caller]
    pub fn start(variables: &[(&str, &str)]) -> Self {
        Self::over(Redis::start(), variables)
    }

    /// [`Rig::start`] without pause and quotas, and with `variables` on top.
    #[track_caller]
    pub fn unlimited(variables: &[(&str, &str)]) -> Self {
        Self::start(&[&UNLIMITED, variables].concat())
    }

    /// [`Rig::start`] over a Redis of the test's choice.
    #[track_caller]
    pub fn over(redis: Redis, variables: &[(&str, &str)]) -> Self {
        let sidecar = Sidecar::builder().on(&redis).set_all(variables).start();
        Self { client: sidecar.client(), sidecar, redis }
    }

    /// `/metrics` as it stands now.
    pub async fn metrics(&self) -> Metrics {
        Metrics::fetch(&self.sidecar).await
    }

    /// One more sidecar over the same Redis, without pause and quotas, and with `variables` on top.
    #[track_caller]
    pub fn another(&self, variables: &[(&str, &str)]) -> Sidecar {
        Sidecar::builder().on(&self.redis).set_all(&UNLIMITED).set_all(variables).start()
    }

    /// References in the indices of locked (`locked`) or disabled (`disabled`) subjects.
    pub fn indexed(&self, index: &str) -> u64 {
        let end = format!(":{index}").into_bytes();
        let indices = self.redis.keys().into_iter().filter(|key| key.ends_with(&end));
        indices.map(|key| self.redis.ask_key::<u64>("ZCARD", &key, &[])).sum()
    }

    /// One code for each of `count` subjects whose names begin with `prefix`.
    pub async fn issue_all(&self, prefix: &str, count: usize) -> Vec<Issued> {
        let mut issued = Vec::new();
        for n in 0..count {
            issued.push(self.client.issue(&format!("{prefix}{n}")).await);
        }
        issued
    }

    /// Issues a code to `subject` and types wrong ones until the subject is locked; answers the code (burnt by then)
    /// and the answer that locked.
    pub async fn lock_out(&self, subject: &str) -> (Issued, Value) {
        let issued = self.client.issue(subject).await;
        for wrong in issued.wrong_codes().take(1000) {
            let answer = self.client.check_id(&issued.id, &wrong).await.is(200).body;
            if answer["status"] == "locked" {
                return (issued, answer);
            }
            assert_eq!(answer["reason"], "wrong_code", "{answer}");
        }
        panic!("1000 wrong codes did not lock {subject}");
    }

    /// How much stands against `subject`: failed attempts, and requests of the last hour.
    pub async fn counted(&self, subject: &str) -> (u64, u64) {
        let status = self.client.status(subject).await;
        let number = |name: &str| status[name].as_u64().unwrap_or_else(|| panic!("no number {name}: {status}"));
        (number("failed_attempts"), number("requests_last_hour"))
    }
}

/// How often each status and reason stands among the answers of checks.
pub fn tally<'a>(answers: impl IntoIterator<Item = &'a super::Answer>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for answer in answers {
        let word = match answer.status {
            200 if answer.body["valid"] == json!(true) => "approved",
            200 => answer.body["reason"].as_str().unwrap_or("no reason"),
            _ => answer.body["code"].as_str().unwrap_or("no code"),
        };
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}
