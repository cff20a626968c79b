//! What a page that is open costs Redis.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime},
};

use otp_sidecar::{
    event::Bucket,
    store::key::{DAY, HOUR, OfBucket, OfTime},
};

use tokio::task::JoinSet;

use super::browse;
use crate::{
    behaviour::admin::{locks::plant, rig},
    support::{Monitor, Redis, Rig, monitor::Command, wait},
};

/// Commands a second that one page, or ten, may cost.
const MOST: f64 = 20.0;
/// How often a page asks for all but events, s.
const SLOWLY: f64 = 90.0;
/// Adds an entry of 16 lines to each stream; arguments: a line, and the number behind which theirs go on.
const LINES: &str = "local n = tonumber(ARGV[2])
    for _, key in ipairs(KEYS) do
        local lines = {}
        for i = 1, 16 do
            n = n + 1
            lines[i] = (ARGV[1]:gsub('\"seq\":%d+', '\"seq\":' .. n))
        end
        redis.call('XADD', key, 'MAXLEN', '~', 13, '*', 'e', table.concat(lines, '\\n'))
    end";

/// What a command is: the function that is called, or its name.
fn kind(command: &Command) -> &str {
    if command.name.starts_with("FCALL") { &command.first } else { &command.name }
}

/// Whether it is part of what a page asks for now and then.
fn is_slow(command: &Command) -> bool {
    ["_figures", "_locks"].iter().any(|function| command.first.ends_with(function))
}

/// Commands that were sent a second, and those that were carried out, in functions too.
fn rates<'a>(commands: impl Iterator<Item = &'a Command>, seconds: f64) -> [f64; 2] {
    commands.fold([0.0; 2], |[sent, done], command| {
        let every = if is_slow(command) { SLOWLY } else { seconds };
        [sent + 1.0 / every, done + (1 + command.inside) as f64 / every]
    })
}

/// Has all that a page shows in all buckets: a hundred who are locked, codes that live and counters of two hours and days.
fn fill(redis: &Redis) {
    plant(redis, 99);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let mut pipe = redis::pipe();
    for bucket in Bucket::all() {
        for (kind, unit, field) in [(OfTime::Hour, HOUR, &[0u8, 1, 1][..]), (OfTime::Day, DAY, &[0, 1, 1])] {
            for n in [now / unit - 1, now / unit] {
                pipe.cmd("HSET").arg(kind.key(bucket, n)).arg(field).arg(1).ignore();
            }
        }
        for hour in [now / HOUR, now / HOUR + 1] {
            pipe.cmd("HSET").arg(OfTime::Live.key(bucket, hour)).arg(&[59u8][..]).arg(1).ignore();
        }
    }
    // In the last index of all, so that none is left out.
    let last = Bucket::all().last().expect("a bucket");
    pipe.cmd("ZADD").arg(OfBucket::Disabled.key(last)).arg(now).arg(&[63u8; 16][..]).ignore();
    pipe.exec(&mut redis.connect()).expect("all of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_pages_cost_redis_hardly_more_than_one_whatever_there_is_to_tell() {
    let rig = rig(&[]);
    rig.client.issue("ann@example.com").await;
    let line = wait::until("an event to be written out", wait::PATIENCE, || {
        rig.sidecar.event_lines().into_iter().find(|line| line.contains("\"issued\""))
    });
    fill(&rig.redis);
    let mut redis = rig.redis.connect();
    let mut feed = JoinSet::new();
    feed.spawn(async move {
        let streams: Vec<_> = Bucket::all().map(|bucket| OfBucket::Recent.key(bucket)).collect();
        let mut turn = tokio::time::interval(Duration::from_millis(500));
        // Some 2,000 lines a second.
        for n in (1_000_000..).step_by(16 * streams.len()) {
            turn.tick().await;
            let mut adding = redis::cmd("EVAL");
            adding.arg(LINES).arg(streams.len()).arg(&streams).arg(&line).arg(n);
            if adding.exec(&mut redis).is_err() {
                break;
            }
        }
    });
    measured(&rig);
}

fn measured(rig: &Rig) {
    let mut monitor = Monitor::start(&rig.redis);
    let mut since = Instant::now();
    let (mut idle, mut parts) = (BTreeSet::new(), Vec::new());
    browse("cost", &rig.sidecar, |what| {
        let seen = monitor.take();
        match what {
            "begin" => since = Instant::now(),
            // What a sidecar does that nobody looks at; but for the clock, which it may read too.
            "idle" => idle = seen.iter().map(kind).filter(|kind| *kind != "TIME").map(str::to_owned).collect(),
            _ => {
                let of_pages = || seen.iter().filter(|one| !idle.contains(kind(one)));
                assert!(
                    of_pages().any(is_slow),
                    "not all was asked for: {:?}",
                    of_pages().map(kind).collect::<BTreeSet<_>>()
                );
                parts.push(rates(of_pages(), since.elapsed().as_secs_f64()));
                // Reads are shared for a second, in which pages may have slipped apart where others keep the processor. What
                // cost too much is looked at again.
                let dear = parts.len() > 1 && parts.len() < 5 && !cheap(&parts);
                return if dear { "again".into() } else { String::new() };
            }
        }
        String::new()
    });
    println!("commands sent and carried out a second: {:.1?} for a page, {:.1?} for ten", parts[0], &parts[1..]);
    assert!(cheap(&parts), "{parts:.1?}");
}

/// Whether a page costs little, and the last look at ten of them hardly more.
fn cheap(parts: &[[f64; 2]]) -> bool {
    let (one, ten) = (parts[0], parts[parts.len() - 1]);
    one.into_iter().zip(ten).all(|(one, ten)| one > 0.5 && one < MOST && ten < MOST && ten < 2.0 * one.max(2.0))
}

#[tokio::test]
async fn what_is_asked_twice_in_a_second_is_read_once() {
    let rig = rig(&[]);
    let operator = rig.sidecar.admin_client();
    let next = operator.get("/admin/v1/events").await.is(200).str("next_cursor").to_owned();
    let paths = [format!("/admin/v1/events?after={next}"), "/admin/v1/locks".into(), "/admin/v1/stats".into()];
    for path in &paths {
        operator.get(path).await.is(200);
    }
    let mut monitor = Monitor::start(&rig.redis);
    // A read is told for a second: of so many in a row most are told the one before.
    let (start, mut asked) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_millis(900) {
        for path in &paths {
            operator.get(path).await.is(200);
            asked += 1;
        }
    }
    let reads = monitor.take().iter().filter(|one| one.name == "XREAD" || one.first.ends_with("_locks")).count();
    assert!(asked > 20 && reads <= 4, "{reads} reads for {asked} calls");
}
