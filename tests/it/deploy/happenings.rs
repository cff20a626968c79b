//! What happens to apps.

use serde_json::json;

use crate::{
    sms,
    support::{Client, Issued, Metrics, Sidecar, Swarm, client::fresh_ip, wait, wrong_code_than},
};

/// Whether a user types the code right the first time, does so the second time, asks for it twice, or never comes back.
pub async fn everyday(client: Client) {
    for n in 0..20 {
        let issued = client.issue(&format!("everyday{n}")).await;
        let outcome = if n == 7 { "failed" } else { "delivered" };
        let to = format!("/v1/verifications/{}", issued.id);
        client.post(&format!("{to}/delivery"), &json!({"outcome": outcome})).await.is(204);
        client.status(&format!("everyday{n}")).await;
        match n % 10 {
            0 => client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code"),
            3 => client.post(&format!("{to}/report"), &json!({"reason": "not_me"})).await.is(204),
            5 => client.send(&format!("everyday{n}")).await.is(201),
            _ => client.check_id(&issued.id, &issued.code).await.is(200),
        };
    }
    let mailed = json!({"subject": "everyday@example.com", "channel": "email", "ip": fresh_ip()});
    client.send_body(mailed).await.is(201);
    for (to, status) in [(sms::ANN, 201), ("+8617112345612", 403)] {
        let text = json!({"subject": "everyday0", "channel": "sms", "to": to, "ip": fresh_ip()});
        client.send_body(text).await.is(status);
    }
    let decoy = json!({"subject": "nobody", "subject_known": false, "ip": fresh_ip()});
    client.send_body(decoy.clone()).await.is(201);
    let once = client.with_header("idempotency-key", "2NpWfhXxIv3RbQmrKq7cZA");
    for _ in 0..2 {
        once.send_body(decoy.clone()).await.is(201);
    }
}

/// Waits for a checkpoint of the audit trail.
pub async fn checkpoint(sidecar: &Sidecar) {
    let made = || async {
        let at = Metrics::fetch(sidecar).await.value("otp_audit_last_checkpoint_timestamp_seconds", &[]);
        (at > 0.0).then_some(())
    };
    wait::until_async("a checkpoint", wait::PATIENCE, made).await;
}

/// Types wrong codes until the user is locked.
pub async fn lock(client: &Client, user: &str) -> Issued {
    let issued = client.issue(user).await;
    for wrong in issued.wrong_codes().take(5) {
        client.check_id(&issued.id, &wrong).await.is(200);
    }
    issued
}

/// One user, who is guessed at long after they are locked.
pub async fn brute_force(client: Client) {
    let issued = lock(&client, "victim").await;
    for wrong in issued.wrong_codes().skip(5).take(60) {
        client.check_id(&issued.id, &wrong).await.refused(429, "subject_locked");
    }
}

/// One network that guesses once at each of many users, and goes on once it is blocked.
pub async fn spraying(client: Client) {
    let ip = fresh_ip();
    for n in 0..80 {
        let user = format!("sprayed{n}");
        let code = if n < 20 { wrong_code_than(&client.issue(&user).await.code) } else { "000000".to_owned() };
        client.check_body(json!({"subject": user, "code": code, "ip": ip})).await;
    }
}

/// Users who are locked, one after the other, and then left alone.
pub async fn lockouts(client: Client) {
    for n in 0..12 {
        lock(&client, &format!("locked{n}")).await;
    }
}

/// Networks that ask for codes which nobody uses, as many as they get and many more.
pub async fn pumping(client: Client) {
    for network in 0..12 {
        let ip = fresh_ip();
        for n in 0..16 {
            client.send_body(json!({"subject": format!("pumped{network}-{n}"), "ip": ip})).await;
        }
    }
}

/// Users who ask for codes that never reach them.
pub async fn not_getting_in(client: Client) {
    for n in 0..60 {
        client.issue(&format!("waiting{n}")).await;
    }
}

/// More codes at once than can be hashed.
pub async fn hashing(client: Client) {
    let swarm = Swarm::open(&[client], 60).await;
    let send = |n| json!({"subject": format!("hashed{n}"), "ip": fresh_ip()});
    let answers = swarm.post("/v1/verifications", (0..60).map(send).collect()).await;
    let refused = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(refused > 20, "only {refused} of 60 were refused");
}

/// Events and nothing else.
pub async fn events(client: Client, count: usize) {
    for n in 0..count {
        client.post("/v1/guard/request", &json!({"subject": format!("noted{n}"), "ip": fresh_ip()})).await.is(200);
    }
}

/// A user who never types a right code.
pub async fn hard_stop(client: Client) {
    let issued = client.issue("stopped").await;
    for wrong in issued.wrong_codes().take(3) {
        client.check_id(&issued.id, &wrong).await.is(200);
    }
}

/// Codes that come back from whoever was to carry them.
pub async fn undelivered(client: Client) {
    for n in 0..25 {
        let issued = client.issue(&format!("undelivered{n}")).await;
        let outcome = if n % 2 == 0 { "failed" } else { "delivered" };
        client.post(&format!("/v1/verifications/{}/delivery", issued.id), &json!({"outcome": outcome})).await.is(204);
    }
}
