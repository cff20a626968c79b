//! A thousand dialogues with providers that say nothing: nobody waits for them but the messages.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ANN, provider::Provider, rig};
use crate::support::{Rig, client::fresh_ip, wait};

const EACH: usize = 250;
/// Sends of each sidecar that are timed in a round, in turn.
const TIMED: usize = 400;

/// A sidecar with a thousand messages behind it, by channels that behave so.
async fn with_a_thousand(provider: &Provider, how: &str) -> Rig {
    let channels = ["A", "B", "C", "D"].map(|name| (name, how));
    let more = [("OTP_DELIVERY_TIMEOUT", "60s"), ("OTP_DELIVERY_CONNECTIONS", "250"), ("OTP_HASH", "hmac")];
    let rig = rig(provider, &channels, &more);
    for n in 0..100 {
        timed(&rig, n).await;
    }
    let before = rig.sidecar.resident();
    for n in 0..EACH {
        for (channel, _) in channels {
            rig.client.send_body(by(channel, &format!("{channel}{n}"))).await.is(201);
        }
    }
    provider.wait(channels.len() * EACH);
    let taken = if how == "hang" { 0 } else { channels.len() * EACH };
    wait::until_async("what was taken to be settled, and all events to be written", wait::PATIENCE, || async {
        let metrics = rig.metrics().await;
        let idle = metrics.value("otp_audit_backlog_events", &[]) == 0.0;
        (idle && metrics.value("otp_deliveries_total", &[]) == taken as f64).then_some(())
    })
    .await;
    let grown = rig.sidecar.resident().saturating_sub(before) >> 10;
    eprintln!("a thousand, {how}: {grown} KiB more");
    assert!(grown < 40 << 10, "{grown} KiB for a thousand");
    rig
}

fn by(channel: &str, subject: &str) -> Value {
    json!({"subject": subject, "channel": channel.to_ascii_lowercase(), "to": ANN, "ip": fresh_ip()})
}

/// The time below which this part of a hundred lies.
fn at(times: &mut [Duration], part: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * part / 100]
}

async fn timed(rig: &Rig, n: usize) -> Duration {
    let began = Instant::now();
    rig.client.send(&format!("user{n}")).await.is(201);
    began.elapsed()
}

#[tokio::test]
async fn a_thousand_hanging_dialogues_cost_no_send_its_time_and_little_memory() {
    // Thirty tell a hundredth.
    let rounds = std::env::var("OTP_TEST_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number"));
    let (hangs, takes) = (Provider::start(), Provider::start());
    // Both did the same before: of one the providers say nothing, of the other they took all.
    let (hanging, quiet) = (with_a_thousand(&hangs, "hang").await, with_a_thousand(&takes, "200").await);
    // Who comes when no place is left is told so before anything is spent.
    hanging.client.send_body(by("A", "late")).await.refused(503, "overloaded");
    assert_eq!(hanging.client.status("late").await["requests_last_hour"], 0);
    let full = || async { (hanging.metrics().await.value("otp_delivery_queue", &[]) == 1000.0).then_some(()) };
    wait::until_async("the queue to be told", wait::PATIENCE, full).await;
    let before = hanging.sidecar.resident();
    let (mut medians, mut p99s) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for n in round * TIMED..(round + 1) * TIMED {
            // Whoever comes second finds the processor awake.
            if n % 2 == 0 {
                with.push(timed(&hanging, n).await);
                without.push(timed(&quiet, n).await);
            } else {
                without.push(timed(&quiet, n).await);
                with.push(timed(&hanging, n).await);
            }
        }
        medians.push([&mut with, &mut without].map(|times| at(times, 50)));
        p99s.push([&mut with, &mut without].map(|times| at(times, 99)));
    }
    let grown = hanging.sidecar.resident().saturating_sub(before) >> 10;
    // Of the rounds the one in the middle: a machine that does something else now and then does it to either.
    let middle =
        |all: &[[Duration; 2]]| [0, 1].map(|of| at(&mut all.iter().map(|both| both[of]).collect::<Vec<_>>(), 50));
    let (median, p99) = (middle(&medians), middle(&p99s));
    eprintln!("with a thousand hanging, and without: median {median:?}, p99 {p99:?}; {grown} KiB more meanwhile");
    assert_eq!(hangs.asked().len(), 4 * EACH, "all of them still hang");
    assert!(grown < 16 << 10, "{grown} KiB more while they hang");
    // Machines that run other tests beside are unfair to either; a provider that is waited for takes seconds.
    assert!(median[0] < 2 * median[1] && p99[0] < 5 * p99[1] + Duration::from_millis(50), "{median:?} {p99:?}");
}
