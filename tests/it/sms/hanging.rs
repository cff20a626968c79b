//! A thousand dialogues with providers that say nothing: nobody waits for them but the messages.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{provider::Provider, rig, sms_to};
use crate::support::Rig;

const CHANNELS: [(&str, &str); 4] = [("A", "hang"), ("B", "hang"), ("C", "hang"), ("D", "hang")];
const EACH: usize = 250;
/// Sends of each sidecar that are timed, in turn.
const TIMED: usize = 400;

async fn timed(rig: &Rig, n: usize) -> Duration {
    let began = Instant::now();
    rig.client.send(&format!("user{n}")).await.is(201);
    began.elapsed()
}

#[tokio::test]
async fn a_thousand_hanging_dialogues_cost_no_send_its_time_and_little_memory() {
    let provider = Provider::start();
    let more = [("OTP_DELIVERY_TIMEOUT", "60s"), ("OTP_DELIVERY_CONNECTIONS", "250"), ("OTP_HASH", "hmac")];
    let (hanging, quiet) = (rig(&provider, &CHANNELS, &more), rig(&provider, &CHANNELS, &more));
    for n in 0..50 {
        timed(&hanging, n).await;
        timed(&quiet, n).await;
    }
    let before = hanging.sidecar.resident();
    for n in 0..EACH {
        for (channel, _) in CHANNELS {
            let mut body = sms_to(&format!("+49171{:07}", n * 4));
            (body["channel"], body["subject"]) = (json!(channel.to_ascii_lowercase()), json!(format!("{channel}{n}")));
            body["to"] = json!("+4917112345612");
            hanging.client.send_body(body).await.is(201);
        }
    }
    provider.wait(CHANNELS.len() * EACH);
    let grown = hanging.sidecar.resident().saturating_sub(before);
    assert!(grown < 48 << 20, "{grown} bytes for a thousand");
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for n in 100..100 + TIMED {
        with.push(timed(&hanging, n).await);
        without.push(timed(&quiet, n).await);
    }
    let at = |times: &mut Vec<Duration>, part: usize| {
        times.sort_unstable();
        times[times.len() * part / 100]
    };
    let (median, p99) = ((at(&mut with, 50), at(&mut without, 50)), (at(&mut with, 99), at(&mut without, 99)));
    eprintln!("with a thousand hanging, and without: median {median:?}, p99 {p99:?}; {} KiB more", grown >> 10);
    // Machines that run other tests beside are unfair to either; a provider that is waited for takes seconds.
    assert!(median.0 < 2 * median.1 && p99.0 < 5 * p99.1 + Duration::from_millis(50), "{median:?} {p99:?}");
}
