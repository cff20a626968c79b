//! Trails that were written while nobody listened.

use std::{
    collections::BTreeMap,
    fs,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::Signal;
use serde_json::Value;

use otp_sidecar::{
    audit::trail::{Trail, record::Place},
    event::{Bucket, Event, EventContext},
    secret::{AuditKey, Reference, TrailKeys},
};

use super::{posted, receiver::Receiver, rig, rsyslog::Rsyslog, webhook};
use crate::sms::provider::Provider;
use crate::support::{
    TrailDir, keys,
    trail::{segments, trails},
    wait::{self, PATIENCE},
};

/// Events of the backlog in the tests; `OTP_TEST_BACKLOG` sets another number.
const BACKLOG: usize = 5_000;

/// Writes a trail of three segments, so many events in each, of a minute, half a minute and no time ago.
pub(super) fn write(dir: &TrailDir, each: usize) -> Trail {
    let index = BASE64_STANDARD.decode(keys::INDEX_KEY).expect("base64");
    let keys = Arc::new(TrailKeys::new(&AuditKey::from_index_key(&index)).unwrap());
    fs::create_dir(dir.path()).unwrap();
    let place = Place { host: "here".into(), dir: dir.path().display().to_string() };
    let mut trail = Trail::create(&dir.path(), &place, &keys, rand::random(), now_ms()).unwrap();
    for segment in 0..3 {
        if segment > 0 {
            trail.begin(now_ms()).unwrap();
        }
        for first in (0..each).step_by(1000) {
            let events: Vec<Event> = (first..each.min(first + 1000))
                .map(|n| event(segment * each + n, now_ms() - 30_000 * (2 - segment as u64)))
                .collect();
            trail.write(&events, &BTreeMap::new(), now_ms()).unwrap();
        }
    }
    trail
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Somebody asked for a code.
fn event(n: usize, time_ms: u64) -> Event {
    let reference = Reference([7; 16]);
    let mut value = vec![1, 1, 10];
    value.extend_from_slice(&time_ms.to_be_bytes()[2..]);
    value.extend([0; 9]);
    value.extend(EventContext::about(&reference).packed());
    Event::unpack(Bucket::of(&reference), &format!("1-{n}"), &value).expect("an event")
}

/// The receiver is killed when it has a third of it, and frozen for a second when it has two.
#[tokio::test]
async fn a_backlog_arrives_once_somebody_listens() {
    let count: usize = std::env::var("OTP_TEST_BACKLOG").map_or(BACKLOG, |count| count.parse().expect("a number"));
    let (mut rsyslog, dir) = (Rsyslog::new(), TrailDir::new());
    drop(write(&dir, count.div_ceil(3)));
    let all = dir.identities();
    let url = rsyslog.url("syslog+tcp");
    let _rig = rig(&dir, &[("OTP_SYSLOG_URL", &url)]);
    rsyslog.start();
    let began = Instant::now();
    let has = |rsyslog: &Rsyslog, thirds: usize| {
        wait::until("the backlog to arrive", PATIENCE + Duration::from_millis(count as u64), || {
            // A file of a day is not read a hundred times a second.
            std::thread::sleep(Duration::from_millis(300));
            let arrived = rsyslog.identities();
            (all.intersection(&arrived).count() >= all.len() * thirds / 3).then_some(())
        });
    };
    has(&rsyslog, 1);
    rsyslog.kill();
    rsyslog.start();
    has(&rsyslog, 2);
    rsyslog.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(1));
    rsyslog.signal(Signal::CONT);
    has(&rsyslog, 3);
    eprintln!("{} events in {:?}", all.len(), began.elapsed());
}

#[tokio::test]
async fn a_webhook_has_a_backlog_over_few_connections() {
    let (dir, provider) = (TrailDir::new(), Provider::start());
    drop(write(&dir, 100));
    let cursor = trails(&dir.path()).remove(0).join("cursor-webhook");
    fs::write(cursor, r#"{"n":0,"segment":0,"offset":0}"#).unwrap();
    let (all, url) = (dir.identities(), provider.url("200"));
    let _rig = rig(&dir, &webhook(&url, "all"));
    wait::until("the backlog to arrive", PATIENCE, || all.is_subset(&posted(&provider.asked())).then_some(()));
    // Eight at once, and those that what happened since then had.
    assert!(all.len() == 300 && provider.connections() <= 32, "{} of {}", provider.connections(), all.len());
}

#[tokio::test]
async fn what_retention_took_before_it_was_sent_is_counted_once_and_the_rest_arrives() {
    let (dir, receiver) = (TrailDir::new(), Receiver::start());
    let mut trail = write(&dir, 20);
    assert_eq!(trail.retain(now_ms() - 15_000, now_ms()).unwrap(), 2);
    drop(trail);
    let path = trails(&dir.path()).remove(0);
    fs::write(path.join("cursor-syslog"), r#"{"n":5,"segment":1,"offset":700}"#).unwrap();
    let text = fs::read_to_string(&segments(&path)[0]).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let (gone, all, url) = (first["n"].as_f64().unwrap() - 6.0, dir.identities(), receiver.url());
    assert!(gone > 30.0 && all.len() == 20, "{gone} {}", all.len());
    let rig = rig(&dir, &[("OTP_SYSLOG_URL", &url)]);
    wait::until("the rest to arrive", PATIENCE, || all.is_subset(&receiver.identities()).then_some(()));
    let given_up = rig.metrics().await.value("otp_sink_events_total", &[("sink", "syslog"), ("result", "given_up")]);
    assert_eq!(given_up, gone);
}
