//! What a page that is open costs Redis.

use std::time::{Duration, Instant};

use super::browse;
use crate::{
    behaviour::admin::rig,
    support::{Monitor, wait},
};

/// Commands a second that one page, or ten, may cost.
const MOST: f64 = 20.0;

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
    let (mut since, mut rates) = (Instant::now(), Vec::new());
    browse("cost", &rig.sidecar, |what| {
        match what {
            "begin" => drop((monitor.take(), since = Instant::now())),
            _ => rates.push(monitor.take().len() as f64 / since.elapsed().as_secs_f64()),
        }
        String::new()
    });
    let [idle, one, ten] = rates[..] else { panic!("{rates:?}") };
    println!("commands a second: {idle:.1} without a page, {one:.1} with one, {ten:.1} with ten");
    assert!(one - idle < MOST && ten - idle < MOST, "{rates:?}");
    assert!(ten - idle < 2.0 * (one - idle).max(4.0), "{rates:?}");
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
    let reads = monitor.take().iter().filter(|one| one.name == "XREAD" || one.first.ends_with("_sizes")).count();
    assert!(asked > 20 && reads <= 4, "{reads} reads for {asked} calls");
}
