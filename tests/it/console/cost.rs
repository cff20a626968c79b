//! What a page that is open costs Redis.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::browse;
use crate::{
    behaviour::admin::rig,
    support::{Monitor, monitor::Command, wait},
};

/// Commands a second that one page, or ten, may cost.
const MOST: f64 = 20.0;
/// How much faster time passes in the pages.
const FASTER: f64 = 3.0;

/// What a command is: the function that is called, or its name.
fn kind(command: &Command) -> &str {
    if command.name.starts_with("FCALL") { &command.first } else { &command.name }
}

/// Commands that were sent a second, and those that were carried out, in functions too.
fn rates<'a>(commands: impl Iterator<Item = &'a Command>, seconds: f64) -> [f64; 2] {
    let inside: Vec<usize> = commands.map(|command| command.inside).collect();
    [inside.len(), inside.len() + inside.iter().sum::<usize>()].map(|count| count as f64 / seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_pages_cost_redis_hardly_more_than_one() {
    let rig = rig(&[]);
    for n in 0..20 {
        rig.lock_out(&format!("user{n}@example.com")).await;
    }
    wait::until("the events to be written out", wait::PATIENCE, || {
        (rig.sidecar.event_lines().iter().filter(|line| line.contains("\"lockout\"")).count() == 20).then_some(())
    });
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
                let of_pages = seen.iter().filter(|one| !idle.contains(kind(one)));
                parts.push(rates(of_pages, since.elapsed().as_secs_f64() * FASTER));
                // Reads are shared for a second of ours, in which pages of faster time may have slipped apart by three of
                // theirs where others keep the processor. What cost too much is looked at again.
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
