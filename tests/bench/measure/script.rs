//! What a call takes inside Redis: its scripts, as the sidecar called them, called again on a fresh Redis, many at once and
//! without the sidecar.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use otp_sidecar::store::functions;
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{UnixStream, unix::OwnedWriteHalf},
    runtime,
};

use super::{
    Measurement, Scenario,
    scenario::{Ready, all_meant},
};
use crate::{
    rig::{Exchange, as_embedded},
    sample::{RATE, Sample},
    support::{Redis, resp},
    wishes::Budget,
};

/// Time in its scripts for one call, µs, as Redis itself takes it (`INFO commandstats`).
const SCRIPT_US: &str = "script_us";
/// Of that, what the event's XADD takes.
pub const EVENT_US: &str = "event_us";
/// Scripts and the commands in them, for one call.
pub const SCRIPTS: &str = "scripts";
pub const COMMANDS: &str = "commands";
/// How a script or a function is called.
const CALLS: [&str; 3] = ["evalsha", "fcall", "fcall_ro"];
/// Commands on their way at once.
const DEPTH: usize = 16;
/// Long enough for thousands of calls.
const RECORDED: Duration = Duration::from_millis(300);

/// The scripts of `scenario`'s call.
pub fn script(name: impl Into<String>, scenario: Scenario) -> Measurement {
    Measurement::new(name, move |budget| {
        let (before, calls, asked) = recorded(&scenario, budget);
        let redis = as_embedded(true);
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let seconds = runtime.block_on(replay(&redis, &before, &calls));
        let spent = commandstats(&redis);
        let a_call = |number: f64| number / asked;
        let inner: f64 =
            spent.iter().filter(|(name, _)| !CALLS.contains(&name.as_str())).map(|(_, (calls, _))| calls).sum();
        let (scripts, micros) = CALLS
            .iter()
            .filter_map(|call| spent.get(*call))
            .fold((0.0, 0.0), |sum, (calls, micros)| (sum.0 + calls, sum.1 + micros));
        let sample = Sample::of(SCRIPT_US, a_call(micros))
            .and(SCRIPTS, a_call(scripts))
            .and(COMMANDS, a_call(inner))
            .and(RATE, asked / seconds);
        match spent.get("xadd") {
            Some((_, micros)) => sample.and(EVENT_US, a_call(*micros)),
            None => sample,
        }
    })
}

/// What the sidecar said to Redis up to the calls that count, the scripts of those calls, and how many calls they were.
fn recorded(scenario: &Scenario, budget: Budget) -> (Vec<Exchange>, Vec<Exchange>, f64) {
    let short = |span: Duration| span.min(RECORDED);
    let budget = Budget { lasts: short(budget.lasts), warm_up: short(budget.warm_up), ..budget };
    let Ready { rig, mut client, mut work } = scenario.recorded(budget);
    let before = rig.take_recorded();
    let told = all_meant(client.closed(&mut *work, budget.lasts));
    let mut by_script: BTreeMap<String, Vec<(usize, Exchange)>> = BTreeMap::new();
    for (at, exchange) in rig.take_recorded().into_iter().enumerate() {
        let (verb, sha) = resp::words(&exchange.command);
        if verb == "EVALSHA" || verb.starts_with("FCALL") {
            by_script.entry(sha).or_default().push((at, exchange));
        }
    }
    // Beside the calls' own scripts there are those of the sidecar's background work.
    let background =
        [&*functions::EXPORT, &functions::PERSON, &functions::ACKNOWLEDGE, &functions::NOTE, &functions::START];
    let others = background.map(|function| format!("_{}", function.name));
    by_script.retain(|name, calls| calls.len() >= told.answers && !others.iter().any(|end| name.ends_with(end)));
    let mut own: Vec<_> = by_script.into_values().flatten().collect();
    assert!(!own.is_empty(), "no script is as frequent as the calls");
    own.sort_by_key(|(at, _)| *at);
    (before, own.into_iter().map(|(_, exchange)| exchange).collect(), told.answers as f64)
}

/// Says all of `before` and then `calls`; answers what those took, in seconds.
async fn replay(redis: &Redis, before: &[Exchange], calls: &[Exchange]) -> f64 {
    let stream = UnixStream::connect(redis.dir().join("redis.sock")).await.expect("Redis");
    let (from, mut to) = stream.into_split();
    let mut from = BufReader::new(from);
    for exchange in before {
        say(&mut to, std::slice::from_ref(exchange)).await;
        resp::frame(&mut from).await.expect("a reply");
    }
    redis.cli(&["CONFIG", "RESETSTAT"]);
    let start = Instant::now();
    for calls in calls.chunks(DEPTH) {
        say(&mut to, calls).await;
        for call in calls {
            let reply = resp::frame(&mut from).await.expect("a reply").expect("a reply");
            let (was, is) = (outcome(&call.reply), outcome(&reply));
            assert!(was == is, "decided otherwise than before: {} and {}", was.escape_ascii(), is.escape_ascii());
        }
    }
    start.elapsed().as_secs_f64()
}

async fn say(to: &mut OwnedWriteHalf, exchanges: &[Exchange]) {
    let commands: Vec<u8> = exchanges.iter().flat_map(|exchange| exchange.command.iter().copied()).collect();
    to.write_all(&commands).await.expect("an open connection");
}

/// The kind of a reply, and the first byte of its text: what was decided.
fn outcome(reply: &[u8]) -> Vec<u8> {
    let text = reply.iter().position(|byte| *byte == b'\n').and_then(|end| reply.get(end + 1));
    reply.first().into_iter().chain(text).copied().collect()
}

/// Calls and microseconds of each command since the last reset, but for those of our own looking.
fn commandstats(redis: &Redis) -> BTreeMap<String, (f64, f64)> {
    let info: String = redis.ask(&["INFO", "commandstats"]);
    let field = |line: &str, name: &str| -> Option<f64> {
        line.split(',').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
    };
    let row = |line: &str| {
        let (name, figures) = line.strip_prefix("cmdstat_")?.trim().split_once(':')?;
        Some((name.to_owned(), (field(figures, "calls")?, field(figures, "usec")?)))
    };
    let looks = ["info", "config|resetstat", "client|setinfo", "select", "ping"];
    info.lines().filter_map(row).filter(|(name, _)| !looks.contains(&name.as_str())).collect()
}
