//! What calls cost among many users who all have a code. Rates of different numbers of users are measured in turn, each over
//! a Redis of its own that stands until the last.

use std::{cell::RefCell, rc::Rc, time::Duration};

use super::{
    Measurement,
    closed::watched,
    scenario::{CONNECTIONS, all_meant},
};
use crate::{
    client::Client,
    rig::{Rig, Server, Transport},
    sample::Sample,
    support::{Redis, wait},
    wishes::Budget,
    work::{About, Population},
};

/// Redis's memory for one live code with the counters of its user, bytes.
pub const BYTES: &str = "bytes_a_code";
/// Calls about one user in one round: the record of a user who asks often grows, and with few users each asks often.
const CALLS_A_USER: usize = 24;
/// Users who were there before memory is counted: connections, scripts and streams exist by then.
const BEFORE: usize = 500;
/// The outbox of a million sends takes a while.
const DRAINED_WITHIN: Duration = Duration::from_secs(120);

/// No pause, quotas that are exact and that no round exhausts, and a lock that no round reaches; nothing is counted by
/// address, so that there are as many records as users.
const PATIENT: Server = Server::Sidecar(&[
    ("OTP_HASH", "hmac"),
    ("OTP_LIFETIME_MINUTES", "60"),
    ("RESEND_COOLDOWN_SECONDS", "0"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "100"),
    ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off"),
    ("MAX_FAILED_VERIFICATIONS_PER_OTP", "1000"),
    ("OTP_MAX_CONSECUTIVE_FAILURES", "0"),
    ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "off"),
    ("OTP_ALLOW_WEAK", "true"),
]);

/// A sidecar whose users all have a code.
struct Populated {
    rig: Rig,
    client: Client,
    population: Population,
    bytes: f64,
}

/// What Redis keeps of `users`, and rate, times and processor time of sends and of wrong checks among them.
pub fn live(users: usize) -> [Measurement; 3] {
    let shared: Rc<RefCell<Option<Populated>>> = Rc::default();
    let asked = |name: &str, about| {
        let shared = Rc::clone(&shared);
        Measurement::new(format!("live/{name}/{users}"), move |budget| {
            let mut shared = shared.borrow_mut();
            let Populated { rig, client, population, .. } =
                shared.get_or_insert_with(|| populated(PATIENT, users, false, budget));
            // Those of the round before may have been idle for longer than the sidecar lets them be.
            *client = Client::connect(&rig.address, CONNECTIONS.min(budget.at_once)).expect("connections");
            let work = population.now(about, users * CALLS_A_USER);
            watched(rig, || all_meant(client.closed(work, budget.lasts)))
        })
    };
    let (send, check) = (asked("send", About::Send), asked("check-wrong", About::CheckWrong));
    let memory = Measurement::new(format!("live/memory/{users}"), move |budget| {
        let mut shared = shared.borrow_mut();
        Sample::of(BYTES, shared.get_or_insert_with(|| populated(PATIENT, users, false, budget)).bytes)
    });
    [memory, send, check]
}

/// What Redis keeps of a user with a live code, a wrong guess and an address of their own.
pub fn with_address(name: impl Into<String>, server: Server, users: usize) -> Measurement {
    Measurement::new(name, move |budget| Sample::of(BYTES, populated(server, users, true, budget).bytes))
}

/// Each gets a code and types a wrong one; `with_ip`, from an address of their own.
fn populated(server: Server, users: usize, with_ip: bool, budget: Budget) -> Populated {
    let rig = Rig::start(server, Transport::Unix, true);
    let mut client = Client::connect(&rig.address, CONNECTIONS.min(budget.at_once)).expect("connections");
    let mut population = Population::of(users, with_ip);
    let redis = rig.redis.as_ref().expect("a Redis");
    let first = BEFORE.min(users / 2);
    let mut fill = |about, calls| all_meant(client.closed(population.now(about, calls), Duration::MAX));
    fill(About::Send, first);
    fill(About::CheckWrong, first);
    let before = used(redis);
    fill(About::Send, users - first);
    fill(About::CheckWrong, users - first);
    let bytes = used(redis).saturating_sub(before) as f64 / (users - first) as f64;
    Populated { rig, client, population, bytes }
}

/// Memory in use once every event is on its way.
fn used(redis: &Redis) -> u64 {
    let streams = redis.streams();
    wait::until("the outbox to drain", DRAINED_WITHIN, || {
        let left: u64 = streams.iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum();
        (left == 0).then_some(())
    });
    redis.info("memory", "used_memory").parse().expect("a number")
}
