//! A courier ships what is in the trails to one sink, and goes on where it left off.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde_json::{Map, Value};
use tokio::{sync::watch, time::interval, time::timeout};

use super::{
    BEHIND, Parts,
    in_flight::{HandedOver, InFlight, Stuck},
    reading::{Reading, is_known},
    shape::Message,
    syslog::Syslog,
    webhook::Webhook,
};
use crate::audit::trail::create;
use crate::config::{Format, SyslogTarget, WebhookTarget};

/// Between two looks at trails that have nothing new: events are written once or twice a second.
const LOOK: Duration = Duration::from_millis(500);
/// How often trails are looked for, and cursors written.
const UPKEEP: Duration = Duration::from_secs(1);
/// Between two tries, at first and at most.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// Most events of one hand-over: some 500 kB to syslog, and so many requests at once.
const SYSLOG_BATCH: usize = 512;
const WEBHOOK_BATCH: usize = 8;
/// Between two complaints.
const COMPLAIN: Duration = Duration::from_secs(60);

enum Way {
    Syslog(Syslog),
    Webhook(Webhook),
}

/// See the module.
pub struct Courier {
    parts: Parts,
    sink: &'static str,
    format: Format,
    names: bool,
    way: Way,
    trails: BTreeMap<PathBuf, Reading>,
    in_flight: InFlight,
    looked: Option<Instant>,
    complained: Option<Instant>,
    fails: u32,
    /// Time of the oldest event that is not there for certain, ms since 1970; 0 = there is none.
    oldest_ms: Arc<AtomicU64>,
}

impl Courier {
    /// Ships by syslog, from the first event on that the trails have.
    pub fn syslog(parts: Parts, format: Format, names: bool, to: SyslogTarget) -> Self {
        Self::new(parts, "syslog", format, names, Way::Syslog(Syslog::new(to)))
    }

    /// Ships to a webhook: at first from now on, since nobody wants to be told of what was last year.
    pub fn webhook(parts: Parts, format: Format, names: bool, to: Arc<WebhookTarget>) -> Self {
        Self::new(parts, "webhook", format, names, Way::Webhook(Webhook::new(to)))
    }

    fn new(parts: Parts, sink: &'static str, format: Format, names: bool, way: Way) -> Self {
        let (trails, in_flight, oldest_ms) = Default::default();
        let (looked, complained, fails) = (None, None, 0);
        let mut courier =
            Self { parts, sink, format, names, way, trails, in_flight, looked, complained, fails, oldest_ms };
        courier.parts.metrics.begin_sink(sink);
        // Whatever begins later is new, and read from its first line on.
        courier.look_for_trails(matches!(courier.way, Way::Syslog(_)) || is_known(&courier.parts.root, sink));
        courier
    }

    /// Ships until `stop` turns true, then once more what is there; tells meanwhile for how long the oldest event waits.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let lag = self.parts.metrics.sink_lag.with_label_values(&[self.sink]);
        let oldest_ms = Arc::clone(&self.oldest_ms);
        let telling = async {
            let mut every = interval(UPKEEP);
            loop {
                every.tick().await;
                let oldest_ms = oldest_ms.load(Ordering::Relaxed);
                lag.set(if oldest_ms == 0 { 0.0 } else { age(oldest_ms) });
            }
        };
        tokio::select! {
            never = telling => never,
            () = self.work(stop) => {}
        }
    }

    async fn work(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let last = *stop.borrow();
            self.look_after_trails(last);
            let (mut more, mut pause) = (false, LOOK);
            for dir in self.trails.keys().cloned().collect::<Vec<_>>() {
                match self.ship(&dir).await {
                    Ok(some) => more |= some,
                    // After the last try the next start goes on.
                    Err(stuck) => {
                        self.go_back(stuck.abrupt);
                        if last {
                            return;
                        }
                        self.complain(&stuck.why);
                        (more, pause) = (false, self.back_off().max(stuck.wait.unwrap_or_default()));
                        break;
                    }
                }
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            if last {
                if let Way::Syslog(syslog) = &mut self.way {
                    syslog.close().await;
                }
                return self.look_after_trails(true);
            }
            let _ = timeout(pause, stop.wait_for(|&stop| stop)).await;
        }
    }

    /// Ships what comes next in a trail; answers whether there may be more.
    async fn ship(&mut self, dir: &PathBuf) -> Result<bool, Stuck> {
        if let Way::Syslog(syslog) = &mut self.way
            && let Err(error) = syslog.stands()
        {
            let stuck = Stuck::from(error);
            if stuck.abrupt || self.in_flight.waits() {
                return Err(stuck);
            }
            // Closed in order, with all that there was.
            self.go_back(false);
        }
        let Some(reading) = self.trails.get_mut(dir) else { return Ok(false) };
        let (from, public) = (reading.at, &self.parts.public);
        let read = match &self.way {
            Way::Syslog(_) => reading.read(public, SYSLOG_BATCH, |_| true),
            Way::Webhook(webhook) => reading.read(public, WEBHOOK_BATCH, |kind| webhook.target.events.has(kind)),
        };
        let to = reading.at;
        let read = match read {
            Ok(read) => read,
            // It is gone, or cannot be read: the others can.
            Err(error) => {
                self.trails.remove(dir);
                self.complain(&format!("{}: {error}", dir.display()));
                return Ok(false);
            }
        };
        self.count("given_up", read.lost);
        let oldest_ms = read.events.iter().filter_map(|event| event.get("time_ms")?.as_u64()).min();
        self.note_oldest(oldest_ms);
        let count = read.events.len() as u64;
        let bytes = if count > 0 { self.send(read.events).await? } else { 0 };
        if from != to {
            let (at, trail, is_confirmed) = (Instant::now(), dir.clone(), false);
            self.in_flight.push(HandedOver { at, bytes, count, oldest_ms, trail, from, to, is_confirmed });
        }
        self.confirm();
        if !read.more {
            self.note_oldest(None);
        }
        Ok(read.more)
    }

    async fn send(&mut self, events: Vec<Map<String, Value>>) -> Result<usize, Stuck> {
        let events = if self.names { name(self.parts.clone(), events).await? } else { events };
        let messages: Vec<Message> = events.into_iter().map(|event| Message::new(event, self.format)).collect();
        let bytes = match &mut self.way {
            Way::Syslog(syslog) => {
                let bytes = syslog.send(&messages).await?;
                self.count("sent", messages.len() as u64);
                bytes
            }
            Way::Webhook(webhook) => {
                let posted = webhook.send(&messages).await;
                self.count("sent", posted.sent);
                self.count("given_up", posted.given_up);
                self.count("again", posted.again);
                if posted.again > 0 {
                    return Err(Stuck { why: posted.why, wait: posted.wait, abrupt: false });
                }
                0
            }
        };
        self.fails = 0;
        self.parts.metrics.sink_up.with_label_values(&[self.sink]).set(1.0);
        Ok(bytes)
    }

    /// Takes what was handed over long enough ago to be there.
    fn confirm(&mut self) {
        let (behind, buffers) = match &self.way {
            Way::Syslog(syslog) => (BEHIND, syslog.buffers()),
            Way::Webhook(_) => (Duration::ZERO, 0),
        };
        self.in_flight.confirm(&mut self.trails, behind, buffers);
    }

    /// Reads again from the last event on that is there for certain.
    fn go_back(&mut self, abrupt: bool) {
        if let Way::Syslog(syslog) = &mut self.way {
            syslog.let_go();
        }
        let oldest_ms = self.in_flight.oldest_ms();
        let again = self.in_flight.go_back(&mut self.trails, abrupt);
        self.count("again", again);
        if again > 0 {
            self.note_oldest(oldest_ms);
        }
        self.keep_cursors();
        if abrupt || matches!(self.way, Way::Webhook(_)) {
            self.parts.metrics.sink_up.with_label_values(&[self.sink]).set(0.0);
        }
    }

    /// Looks once a second, or `now`, for trails that nobody ships, and keeps cursors.
    fn look_after_trails(&mut self, now: bool) {
        if !now && self.looked.is_some_and(|at| at.elapsed() < UPKEEP) {
            return;
        }
        self.confirm();
        self.keep_cursors();
        self.look_for_trails(true);
    }

    fn keep_cursors(&mut self) {
        let kept: Result<Vec<()>, _> = self.trails.values_mut().map(Reading::keep).collect();
        if let Err(error) = kept {
            self.complain(&format!("a cursor cannot be written (OTP_AUDIT_DIR): {error}"));
        }
    }

    fn look_for_trails(&mut self, from_first: bool) {
        self.looked = Some(Instant::now());
        for dir in create::all(&self.parts.root).unwrap_or_default() {
            if self.trails.contains_key(&dir) {
                continue;
            }
            match Reading::take(&dir, self.sink, &self.parts.public, from_first) {
                Ok(taken) => self.trails.extend(taken.map(|reading| (dir, reading))),
                Err(error) => self.complain(&format!("{}: {error}", dir.display())),
            }
        }
    }

    /// From 1 s to 60 s, each time another part of it so that not all come back at once.
    fn back_off(&mut self) -> Duration {
        let longest = AGAIN.saturating_mul(1 << self.fails.min(6)).min(AGAIN_MAX);
        self.fails += 1;
        longest.mul_f64(rand::random_range(0.5..1.0))
    }

    fn count(&self, result: &str, count: u64) {
        self.parts.metrics.sink_events.with_label_values(&[self.sink, result]).inc_by(count);
    }

    /// Notes what waits: what was handed over and is not there for certain, else what is about to be.
    fn note_oldest(&self, read_ms: Option<u64>) {
        let oldest_ms = self.in_flight.oldest_ms().or(read_ms);
        self.oldest_ms.store(oldest_ms.unwrap_or_default(), Ordering::Relaxed);
    }

    fn complain(&mut self, why: &str) {
        if self.complained.is_none_or(|at| at.elapsed() > COMPLAIN) {
            tracing::warn!(sink = self.sink, why, "events wait for a sink");
            self.complained = Some(Instant::now());
        }
    }
}

/// Opens whom events are about, on the runtime that the store's connections belong to.
async fn name(parts: Parts, events: Vec<Map<String, Value>>) -> Result<Vec<Map<String, Value>>, Stuck> {
    let (runtime, service) = (parts.runtime, parts.service);
    let opened = runtime.spawn(async move { service.open_events(events).await }).await;
    let why = match opened {
        Ok(Ok(events)) => return Ok(events),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Err(Stuck { why: format!("names cannot be opened: {why}"), wait: Some(AGAIN), abrupt: false })
}

/// Seconds since then, by this machine's clock.
fn age(time_ms: u64) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(time_ms)).as_secs_f64()
}
