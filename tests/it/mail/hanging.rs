//! A relay that takes mails and says nothing more: nobody waits for it but the messages.

use std::time::{Duration, Instant};

use super::{mail_to, relay::Relay, rig};

/// As many as may be under way, with a connection for eight.
const SENDS: usize = 300;

#[tokio::test]
async fn a_relay_that_hangs_is_nobodys_waiting_time_and_costs_no_memory() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[("OTP_DELIVERY_TIMEOUT", "60s")]);
    for n in 0..50 {
        rig.client.send_body(mail_to(&format!("hang-warm{n}@example.com"))).await.is(201);
    }
    let before = rig.sidecar.resident();
    let mut longest = Duration::ZERO;
    for n in 0..SENDS {
        let began = Instant::now();
        rig.client.send_body(mail_to(&format!("hang-{n}@example.com"))).await.is(201);
        longest = longest.max(began.elapsed());
    }
    // A store that is given up on takes 800 ms; a relay would take a minute.
    assert!(longest < Duration::from_secs(5), "{longest:?}");
    let grown = rig.sidecar.resident().saturating_sub(before);
    assert!(grown < 20 << 20, "{grown} bytes for {SENDS} messages under way");
    assert!(relay.noted().len() <= 8, "as many as may speak to it at once: {}", relay.noted().len());
}
