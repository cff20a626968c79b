//! Ten thousand locked users, and events faster than anybody reads.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::browse;
use crate::{
    behaviour::admin::rig,
    support::{client::fresh_ip, keys},
};

const LOCKED: usize = 10_000;
const AT_ONCE: usize = 16;
/// Events a second; a machine with little time has fewer.
const EVENTS: f64 = 2000.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_stays_quick_whatever_goes_on() {
    let rig = rig(&[("OTP_LOG", "warn,otp_sidecar::cli=info"), ("OTP_AUDIT_SINK", "dir")]);
    let mut locking = JoinSet::new();
    for part in 0..AT_ONCE {
        let operator = rig.sidecar.admin_client();
        locking.spawn(async move {
            for n in (part..LOCKED).step_by(AT_ONCE) {
                let body = json!({"subject": format!("user{n}@example.com"), "tenant": keys::TENANT, "minutes": 60, "reason": "a test"});
                operator.post("/admin/v1/lock", &body).await.is(200);
            }
        });
    }
    locking.join_all().await;
    let mut flood = JoinSet::new();
    let begin = |flood: &mut JoinSet<()>, part: usize| {
        let client = rig.client.clone();
        flood.spawn(async move {
            let mut turn = tokio::time::interval(Duration::from_secs_f64(AT_ONCE as f64 / EVENTS));
            for n in 0.. {
                turn.tick().await;
                client.send_body(json!({"subject": format!("flood{part}-{n}"), "ip": fresh_ip()})).await;
            }
        });
    };
    let exported = || async { rig.metrics().await.value("otp_events_exported_total", &[]) };
    let mut marks = Vec::new();
    browse("flood", &rig.sidecar, |what| {
        if what == "flood" {
            (0..AT_ONCE).for_each(|part| begin(&mut flood, part));
            return String::new();
        }
        let exported = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(exported()));
        marks.push((std::time::Instant::now(), exported));
        String::new()
    });
    flood.abort_all();
    let [(from, before), (to, after)] = marks[..] else { panic!("{marks:?}") };
    let rate = (after - before) / (to - from).as_secs_f64();
    println!("{rate:.0} events a second");
    assert!(rate > EVENTS / 10.0, "{rate:.0} events a second are no flood");
}
