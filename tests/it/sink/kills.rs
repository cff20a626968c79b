//! Sidecars that die at whatever moment: every event arrives at each sink.

use std::time::Duration;

use super::{Identities, all_written_within, posted, receiver::Receiver, webhook};
use crate::{
    sms::provider::Provider,
    support::{
        Redis, Sidecar, Traffic, TrailDir,
        rig::UNLIMITED,
        wait::{self, PATIENCE},
    },
};

const LONGEST_LIFE: Duration = Duration::from_millis(600);
/// Each app's rest after a user.
const PACE: Duration = Duration::from_millis(50);

/// With `OTP_TEST_KILLS` so many, else a few.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_every_event_arrives_at_each_sink() {
    let kills: usize = std::env::var("OTP_TEST_KILLS").map_or(5, |kills| kills.parse().expect("a number"));
    let (redis, dir, hook, syslog) = (Redis::start(), TrailDir::new(), Provider::start(), Receiver::start());
    let (url, events) = (syslog.url(), hook.url("200"));
    let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_SYSLOG_URL", &url).on_unix_sockets();
    builder = builder.set_all(&webhook(&events, "all")).set("OTP_EXPORT_NAMES", "all");
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    let mut sidecar = builder.clone().start();
    // No more than an unoptimised webhook, which comes last, takes within the test's time.
    let traffic = Traffic::paced(&sidecar.client(), 2, PACE);
    for _ in 0..kills {
        traffic.wait_issued(2).await;
        tokio::time::sleep(LONGEST_LIFE.mul_f64(rand::random())).await;
        sidecar.kill();
        sidecar = builder.clone().start();
    }
    traffic.stop().await;
    // What a thousand lives leave is long to write, long to send, and long to read.
    let patience = PATIENCE + Duration::from_secs(2 * kills as u64);
    all_written_within(&redis, patience);
    let all = dir.identities();
    for (sink, arrived) in
        [("webhook", &(|| posted(&hook.asked())) as &dyn Fn() -> Identities), ("syslog", &|| syslog.identities())]
    {
        wait::until(sink, patience, || {
            let missing = all.difference(&arrived()).count();
            eprintln!("{missing} of {} are not at the {sink} yet", all.len());
            std::thread::sleep(LONGEST_LIFE);
            (missing == 0).then_some(())
        });
    }
    assert_eq!(dir.identities(), TrailDir::all_of(&redis));
    let (all, twice) = (all.len(), [hook.asked().len(), syslog.messages().len()]);
    eprintln!("{kills} kills, {all} events, {twice:?} came");
    dir.is_sound();
}
