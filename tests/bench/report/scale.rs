//! How far it goes, from what one call costs.

use super::{
    Results,
    markdown::{figure, table},
};
use crate::{
    measure::BYTES,
    plan,
    sample::{RATE, REDIS, SERVER},
};

const SECOND_US: f64 = 1e6;

/// Processor time of the sidecar and of Redis, µs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    sidecar: f64,
    redis: f64,
}

impl Cost {
    fn of(results: &Results, call: &str) -> Option<Self> {
        let of = |figure| results.median(&format!("{call}/hmac/unix"), figure);
        Some(Self { sidecar: of(SERVER)?, redis: of(REDIS)? })
    }

    fn and(self, other: Self) -> Self {
        Self { sidecar: self.sidecar + other.sidecar, redis: self.redis + other.redis }
    }

    fn a_sidecar_core(self) -> f64 {
        SECOND_US / self.sidecar
    }

    fn a_redis(self) -> f64 {
        SECOND_US / self.redis
    }
}

/// What one of each carries, and where the next limit lies. Empty where costs were not measured.
pub fn section(results: &Results) -> String {
    let (Some(send), Some(right)) = (Cost::of(results, "send"), Cost::of(results, "check-right")) else {
        return String::new();
    };
    let sign_in = send.and(right);
    let row = |name: &str, carries: fn(Cost) -> f64| {
        [name.to_owned(), figure(Some(carries(send)), 0), figure(Some(carries(sign_in)), 0)]
    };
    // A core of sidecars for each, in so far as they keep one Redis busy.
    let cores = |primaries: f64| figure(Some(primaries * sign_in.sidecar / sign_in.redis), 1);
    let rate = |call: &str| results.median(&format!("{call}/hmac/unix"), RATE);
    // One after the other, each at its own rate.
    let both = rate("send").zip(rate("check-right")).map(|(send, right)| (send.recip() + right.recip()).recip());
    let rows = [
        row("one core of sidecars", Cost::a_sidecar_core),
        row("one Redis, which runs scripts on one thread", Cost::a_redis),
        row("three primaries: three times as many", |cost| 3.0 * cost.a_redis()),
        row("six primaries: six times", |cost| 6.0 * cost.a_redis()),
        ["measured above, where all share these cores".into(), figure(rate("send"), 0), figure(both, 0)],
    ];
    format!(
        "**How far it goes**, computed from the processor time of one call above (`hmac`); a sign-in is a send and a right \
         check.\n\n{}\n\
         1,000,000 µs of processor a second, by what a call takes of it: {} + {} µs of sidecar and {} + {} µs of Redis a sign-in. \
         So {} cores of sidecars, in as many processes as you like, keep one Redis busy, {} three primaries and {} six. From \
         one Redis on only more of them help: no call touches two users, so N primaries among which the users are shared out \
         carry N times as much. A cluster shares them out itself; there a call that names an IP asks the IP's primary first, which \
         is in the rows of three primaries above, with their replicas. {}\n",
        table(["a second", "sends", "sign-ins"], rows),
        figure(Some(send.sidecar), 1),
        figure(Some(right.sidecar), 1),
        figure(Some(send.redis), 1),
        figure(Some(right.redis), 1),
        cores(1.0),
        cores(3.0),
        cores(6.0),
        memory(results)
    )
}

fn memory(results: &Results) -> String {
    let most = plan::WHOLE.users.last().copied().unwrap_or_default();
    let bytes = results.median(&format!("live/memory/{most}"), BYTES);
    let with_ip = results.median("memory/code-and-ip", BYTES);
    format!(
        "A million users with a live code take {} MB of Redis, with a counter for an IP each {} MB; what opens their personal \
         fields in the trail, for as long as the trail is kept, is in it.",
        figure(bytes, 0),
        figure(with_ip, 0)
    )
}
