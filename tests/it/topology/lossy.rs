//! A failover that loses writes: the replica that takes over was cut off before. What apps were told holds all the same.

use std::time::Duration;

use super::on;
use crate::support::{
    Answer, Client, Issued, Metrics,
    client::nth_wrong_code,
    ledger::LIMIT,
    topology::sentinel::{Sentinel, SentinelOptions},
    wait,
};

const BACK_WITHIN: Duration = Duration::from_secs(20);

/// As long as a check gets no answer that is one, once more: with the same words, as people do.
async fn answered(client: &Client, issued: &Issued, code: &str) -> Answer {
    let look = || async {
        let answer = client.check_id(&issued.id, code).await;
        (answer.status != 503).then_some(answer)
    };
    wait::until_async("an answer", BACK_WITHIN, look).await
}

/// Wrong guesses that were evaluated, told by an answer that says so.
fn evaluated(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200 && answer.body["reason"] == "wrong_code").count()
}

async fn loses_nothing_that_was_told(durability: Option<&str>) {
    let mut sentinel = Sentinel::with(&SentinelOptions { cables: true, replicas: 1, ..SentinelOptions::default() });
    let builder = on(&sentinel.url());
    let builder = durability.into_iter().fold(builder, |builder, word| builder.set("OTP_DURABILITY", word));
    let sidecar = builder.start();
    let client = sidecar.client();
    let [used, locked, guessed] = ["used", "locked", "guessed"].map(str::to_owned);
    let codes = [client.issue(&used).await, client.issue(&locked).await, client.issue(&guessed).await];
    let [of_used, of_locked, of_guessed] = &codes;
    let guess = |issued: &Issued, n: usize| nth_wrong_code(&issued.code, n as u64);
    let mut guesses = Vec::new();
    for n in 1..LIMIT {
        client.check_id(&of_locked.id, &guess(of_locked, n)).await.is(200);
        guesses.push(client.check_id(&of_guessed.id, &guess(of_guessed, n)).await.is(200));
    }
    let offset = |n: usize| sentinel.server(n).info("replication", "master_repl_offset");
    wait::until("the replica to have all", BACK_WITHIN, || (offset(0) == offset(1)).then_some(()));

    sentinel.cable(0).cut_replication();
    let accepted = client.check_id(&of_used.id, &of_used.code).await;
    let locking = client.check_id(&of_locked.id, &guess(of_locked, LIMIT)).await;
    // With no replica to confirm it, neither is told at all; with no replica asked for, both are told and lost.
    let (told, lost) = if durability == Some("none") { (200, "told") } else { (503, "not told") };
    assert_eq!((accepted.status, locking.status), (told, told), "{lost}: {accepted:?} {locking:?}");
    sentinel.kill_primary();
    sentinel.wait_primary_but(0);

    let again = answered(&client, of_used, &of_used.code).await;
    assert_ne!(again.body["valid"], true, "{again:?}");
    assert!(Metrics::fetch(&sidecar).await.value("otp_store_rollbacks_total", &[("cause", "failover")]) > 0.0);
    if durability == Some("none") {
        // What nobody had was lost, the lock too; no code of before is worth anything for all that.
        answered(&client, of_locked, &of_locked.code).await.rejected("expired", "expired");
    }
    // Whoever guessed four times may guess once more, and with a fresh code no more than that. The guess that locks may have
    // no answer that says so, where nobody can confirm it.
    let send = || async {
        let answer = client.send(&guessed).await;
        (answer.status == 201).then_some(answer)
    };
    let sent = wait::until_async("a fresh code", BACK_WITHIN, send).await;
    let fresh = Issued { id: sent.str("id").into(), code: sent.str("code").into() };
    for n in LIMIT..3 * LIMIT {
        guesses.push(answered(&client, &fresh, &guess(&fresh, n)).await);
    }
    let evaluated = evaluated(&guesses);
    assert!([LIMIT - 1, LIMIT].contains(&evaluated), "{evaluated}: {guesses:?}");
    client.send(&guessed).await.refused(429, "subject_locked");
    assert!(!sidecar.log_lines().iter().any(|line| line.contains("panicked")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_replica_must_have_it() {
    loses_nothing_that_was_told(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_none_has_to() {
    loses_nothing_that_was_told(Some("none")).await;
}
