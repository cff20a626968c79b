//! A receiver that hangs costs nobody anything: no call its time, and no other sink an event.

use std::time::{Duration, Instant};

use super::{all_arrive, receiver::Receiver, rig, webhook};
use crate::{
    sms::provider::Provider,
    support::{
        Rig, TrailDir,
        wait::{self, PATIENCE},
    },
};

/// Sends of each sidecar that are timed, in turn.
const TIMED: usize = 200;

async fn timed(rig: &Rig, n: usize) -> Duration {
    let began = Instant::now();
    rig.client.send(&format!("user{n}")).await.is(201);
    began.elapsed()
}

#[tokio::test]
async fn a_webhook_that_hangs_costs_no_send_its_time_and_syslog_nothing() {
    let (hook, receiver) = (Provider::start(), Receiver::start());
    let (dirs, url, syslog) = ([TrailDir::new(), TrailDir::new()], hook.url("hang"), receiver.url());
    let more = [&webhook(&url, "all")[..], &[("OTP_SYSLOG_URL", &syslog)]].concat();
    let (hanging, quiet) = (rig(&dirs[0], &more), rig(&dirs[1], &[]));
    for n in 0..20 {
        timed(&hanging, n).await;
        timed(&quiet, n).await;
    }
    hook.wait(1);
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
    eprintln!("with a webhook that hangs, and without: median {median:?}, p99 {p99:?}");
    // Machines that run other tests beside are unfair to either; a receiver that is waited for takes seconds.
    assert!(median.0 < 2 * median.1 + Duration::from_millis(2), "{median:?}");
    assert!(p99.0 < 5 * p99.1 + Duration::from_millis(50), "{p99:?}");
    all_arrive(&dirs[0], &hanging.redis, || receiver.identities());
    // It is counted just after it arrives.
    let counted = || async {
        let sent = hanging.metrics().await.value("otp_sink_events_total", &[("sink", "syslog"), ("result", "sent")]);
        (sent > 200.0).then_some(())
    };
    wait::until_async("what was sent to be counted", PATIENCE, counted).await;
    let metrics = hanging.metrics().await;
    assert_eq!(metrics.value("otp_sink_events_total", &[("sink", "webhook"), ("result", "sent")]), 0.0);
    assert!(metrics.value("otp_sink_lag_seconds", &[("sink", "webhook")]) > 0.0);
    assert_eq!(metrics.value("otp_sink_up", &[("sink", "syslog")]), 1.0);
}
