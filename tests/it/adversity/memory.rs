//! What a live code costs Redis.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::support::{Redis, Rig, rig::UNLIMITED, wait, wrong_code_than};

const SUBJECTS: usize = 10_000;
const CONNECTIONS: usize = 16;
/// The budget of a live code with its counters; its address's counter stands apart.
const BYTES_A_CODE: usize = 340;
/// The same with what opens its user's fields in the trail, which stays for as long as the trail.
const BYTES_A_USER: usize = 480;

/// Streams are on their way out and do not count: waits until they are empty.
fn drained(redis: &Redis) {
    wait::until("the outbox to drain", Duration::from_secs(60), || {
        let length = |key: Vec<u8>| redis.ask_key::<usize>("XLEN", &key, &[]);
        (redis.streams().into_iter().map(length).sum::<usize>() == 0).then_some(())
    });
}

/// Memory in use, but for connections' buffers, and for what belongs to a bucket and not to a subject: counters, indices, the
/// newest events. There are so many of them and no more, however many subjects there are.
fn used(redis: &Redis) -> usize {
    let of = |field| redis.info("memory", field).parse::<usize>().expect("a number");
    let all = of("used_memory") - of("mem_clients_normal");
    let of_subject = |key: &Vec<u8>| key.get(11) == Some(&b':');
    let of_buckets = redis.keys().into_iter().filter(|key| !of_subject(key));
    let usage = |key: Vec<u8>| {
        let name = String::from_utf8(key).expect("a name");
        redis.ask_key::<Option<usize>>("MEMORY", b"USAGE", &[&name, "SAMPLES", "0"]).unwrap_or(0)
    };
    all - of_buckets.map(usage).sum::<usize>()
}

/// One code and one wrong guess for each subject of `range`, so that its counters exist.
async fn fill(rig: &Rig, prefix: &str, count: usize) {
    let mut tasks = JoinSet::new();
    let prefix: Arc<str> = prefix.into();
    for part in 0..CONNECTIONS {
        let (client, prefix) = (rig.client.clone(), Arc::clone(&prefix));
        tasks.spawn(async move {
            for n in (part..count).step_by(CONNECTIONS) {
                // A call may come too late where others have the processor.
                let subject = format!("{prefix}{n}@example.org");
                let sent = || async { Some(client.send(&subject).await).filter(|sent| sent.status != 503) };
                let sent = wait::until_async("a code", wait::PATIENCE, sent).await.is(201);
                let wrong = wrong_code_than(sent.str("code"));
                let checked = || async {
                    Some(client.check_id(sent.str("id"), &wrong).await).filter(|checked| checked.status != 503)
                };
                wait::until_async("a guess", wait::PATIENCE, checked).await.rejected("pending", "wrong_code");
            }
        });
    }
    tasks.join_all().await;
}

async fn fits(subjects: usize, budget: usize, names: &str) {
    let quotas = [("MAX_ATTEMPTS_PER_USER_PER_HOUR", "3"), ("OTP_LIFETIME_MINUTES", "60"), ("OTP_AUDIT_NAMES", names)];
    let rig = Rig::start(&[&UNLIMITED[..], &quotas].concat());
    // Connections, scripts and streams exist before the count begins.
    fill(&rig, "warm", 1000).await;
    drained(&rig.redis);
    let (before, keys_before) = (used(&rig.redis), rig.redis.ask::<usize>(&["DBSIZE"]));
    fill(&rig, "user", subjects).await;
    drained(&rig.redis);
    let grown = used(&rig.redis).saturating_sub(before);
    let keys = rig.redis.ask::<usize>(&["DBSIZE"]) - keys_before;
    assert!(keys >= subjects, "{keys} keys for {subjects} codes");
    assert!(grown < budget * subjects, "{} bytes a code", grown / subjects);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_code_with_its_counters_fits_its_budget() {
    fits(SUBJECTS, BYTES_A_CODE, "false").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_a_user_with_a_live_code_whom_the_trail_knows() {
    fits(SUBJECTS / 2, BYTES_A_USER, "true").await;
}
