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

/// Commands a second that one page may cost, and ten may send.
const MOST: f64 = 20.0;
/// How often a page asks for sums, s; for who is locked half as often, since a hundred of them cost 230 commands inside functions.
const SLOWLY: f64 = 15.0;
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

/// How the first word ends of what a page asks for now and then: who is locked, how far each bucket is, and its figures.
const SLOW: [&str; 3] = ["_locks", ":exported", "_figures"];

/// Whether it is part of that.
fn is_slow(command: &Command) -> bool {
    SLOW.iter().any(|end| command.first.ends_with(end))
}

/// Commands that were sent a second, and those that were carried out, in functions too.
fn rates<'a>(commands: impl Iterator<Item = &'a Command>, seconds: f64) -> [f64; 2] {
    commands.fold([0.0; 2], |[sent, done], command| {
        let seconds = if is_slow(command) { SLOWLY } else { seconds };
        let every = if command.first.ends_with(SLOW[0]) { 2.0 * seconds } else { seconds };
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
    let (mut idle, mut one, mut ten, mut looks) = (BTreeSet::new(), [0.0; 2], [0.0; 2], 0);
    browse("cost", &rig.sidecar, |what| {
        let seen = monitor.take();
        match what {
            "begin" => since = Instant::now(),
            // What a sidecar does that nobody looks at; but for the clock, which it may read too.
            "idle" => idle = seen.iter().map(kind).filter(|kind| *kind != "TIME").map(str::to_owned).collect(),
            _ => {
                let of_pages = || seen.iter().filter(|one| !idle.contains(kind(one)));
                let is_all = SLOW.iter().take(2).all(|end| of_pages().any(|one| one.first.ends_with(end)));
                let part = if what == "one" { &mut one } else { &mut ten };
                *part = rates(of_pages(), since.elapsed().as_secs_f64());
                println!("commands sent and carried out a second: {part:.1?} for {what}");
                // Reads are shared for a second, in which pages may have slipped apart where others keep the processor, and
                // what comes in a flood may stop. What cost too much, or was not all, is looked at again.
                looks += 1;
                let is_dear = if what == "one" { !cheap(one) } else { ten[0] >= most_of_ten(one) };
                if looks < 6 && (is_dear || !is_all) {
                    return "again".into();
                }
                let kinds = || of_pages().map(kind).collect::<BTreeSet<_>>();
                assert!(is_all, "not all was asked for: {:?}", kinds());
            }
        }
        String::new()
    });
    assert!(cheap(one) && ten[0] < most_of_ten(one), "{one:.1?} {ten:.1?}");
    // A sidecar that has read nothing yet reads all, as where every bucket has changed.
    let other = rig.another(&[]);
    monitor.take();
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(async { other.admin_client().get("/admin/v1/stats").await.is(200) })
    });
    let all = monitor.take();
    let [sent, done] = rates(all.iter().filter(|one| is_slow(one)), SLOWLY);
    println!("where all buckets have changed, {sent:.1} and {done:.1} more");
    assert!(sent > 4.0 && one[0] + sent < MOST, "{sent:.1}");
}

/// Whether a page costs little.
fn cheap(one: [f64; 2]) -> bool {
    one[0] > 0.5 && one[1] < MOST
}

/// What ten may send: hardly more than one.
fn most_of_ten(one: [f64; 2]) -> f64 {
    (2.0 * one[0].max(2.0)).min(MOST)
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
