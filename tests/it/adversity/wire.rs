//! What goes to Redis: one script a call, and nothing else.

use std::collections::BTreeMap;

use crate::support::{Monitor, Rig, monitor::Command, wrong_code_than};

/// What the sidecar may say of its own accord: it looks after the server's settings and clock, and exports by scripts.
const BACKGROUND: [&str; 2] = ["INFO", "TIME"];
/// Odd numbers that nothing in the background reaches by chance.
const SENDS: usize = 137;
const CHECKS: usize = 149;

/// How often each script was called.
///
/// # Panics
/// If anything but scripts and [`BACKGROUND`] was sent.
fn scripts(seen: Vec<Command>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for command in seen.into_iter().filter(|command| !BACKGROUND.contains(&&*command.name)) {
        assert_eq!(command.name, "EVALSHA", "{command:?}");
        *counts.entry(command.first).or_default() += 1;
    }
    counts
}

fn only(counts: &BTreeMap<String, usize>, times: usize) -> String {
    let all: Vec<_> = counts.iter().filter(|(_, count)| **count == times).collect();
    assert_eq!(all.len(), 1, "one script called {times} times: {counts:?}");
    all[0].0.clone()
}

#[tokio::test]
async fn each_send_and_each_check_is_one_script_call() {
    let rig = Rig::unlimited(&[]);
    let warm = rig.client.issue("warm").await;
    rig.client.check_id(&warm.id, &warm.code).await.approved();
    let mut monitor = Monitor::start(&rig.redis);
    let mut issued = Vec::new();
    for n in 0..SENDS {
        issued.push(rig.client.issue(&format!("user{n}")).await);
    }
    let send = only(&scripts(monitor.take()), SENDS);
    for code in issued.iter().cycle().take(CHECKS) {
        rig.client.check_id(&code.id, &wrong_code_than(&code.code)).await.rejected("pending", "wrong_code");
    }
    let checks = scripts(monitor.take());
    let check = only(&checks, CHECKS);
    assert_ne!(send, check);
    assert_eq!(checks.get(&send), None);
    for code in &issued {
        rig.client.check_id(&code.id, &code.code).await.approved();
    }
    assert_eq!(scripts(monitor.take()).get(&check), Some(&SENDS), "a right code costs no more than a wrong one");
}

#[tokio::test]
async fn a_refusal_is_at_most_one_script_call() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    let mut monitor = Monitor::start(&rig.redis);
    for _ in 0..SENDS {
        rig.client.send("ada").await.refused(429, "resend_cooldown");
    }
    let counts = scripts(monitor.take());
    assert!(counts.values().all(|count| *count <= SENDS), "{counts:?}");
}

#[tokio::test]
async fn what_is_refused_for_its_form_costs_the_store_nothing() {
    let rig = Rig::unlimited(&[]);
    let mut monitor = Monitor::start(&rig.redis);
    for _ in 0..SENDS {
        rig.client.send("").await.refuses_field("subject");
        rig.client.check("ada", "login", "x").await.refused(422, "invalid_code");
        rig.client.verification("forged").await.refused(404, "not_found");
        rig.client.clone().with_key("no-key-of-ours-0123456789-0123456789").send("ada").await.is(401);
    }
    let counts = scripts(monitor.take());
    assert!(counts.values().all(|count| *count < SENDS), "{counts:?}");
}
