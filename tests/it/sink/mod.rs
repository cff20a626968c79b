//! What goes out to others: to a real rsyslog, to webhooks that verify it, in a schema that others wrote; at least once,
//! whoever dies, hangs or says no.

mod adopted;
mod backlog;
mod broken;
mod hanging;
mod kills;
mod ocsf;
mod receiver;
mod rsyslog;
mod start;
mod told;
mod webhook;

use std::{collections::BTreeSet, time::Duration};

use crate::{
    sms::provider::Asked,
    support::{
        Redis, Rig, TrailDir,
        rig::UNLIMITED,
        wait::{self, PATIENCE},
    },
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// Identities of events: bucket, epoch, number.
type Identities = BTreeSet<(u64, u64, u64)>;

/// A sidecar over a trail in this directory, without pause and quotas.
#[track_caller]
fn rig(dir: &TrailDir, more: &[(&str, &str)]) -> Rig {
    let trail = dir.variables();
    let trail: Vec<_> = trail.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Rig::over(Redis::start(), &[&UNLIMITED[..], &trail, more].concat())
}

/// Variables of a webhook at this URL.
fn webhook<'a>(url: &'a str, events: &'a str) -> [(&'a str, &'a str); 3] {
    [("OTP_WEBHOOK_URL", url), ("OTP_WEBHOOK_SECRET", SECRET), ("OTP_WEBHOOK_EVENTS", events)]
}

fn posted(asked: &[Asked]) -> Identities {
    asked.iter().map(|asked| crate::support::trail::identity(&asked.data())).collect()
}

/// Waits until the trails have all that there was.
#[track_caller]
fn all_written(redis: &Redis) {
    all_written_within(redis, PATIENCE);
}

#[track_caller]
fn all_written_within(redis: &Redis, patience: Duration) {
    let left = || redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum::<u64>();
    wait::until("an empty outbox", patience, || (left() == 0).then_some(()));
}

/// Waits until `arrived` has all that there was.
#[track_caller]
fn all_arrive(dir: &TrailDir, redis: &Redis, arrived: impl Fn() -> Identities) {
    all_written(redis);
    let mut missing = Identities::new();
    wait::until("every event to arrive", PATIENCE, || {
        missing = dir.identities().difference(&arrived()).copied().collect();
        missing.is_empty().then_some(())
    });
}
