//! A courier ships what is in the trails to one sink, and goes on where it left off.

use std::{
    collections::BTreeMap,
    io::ErrorKind::UnexpectedEof,
    path::{Path, PathBuf},
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value};
use tokio::{sync::watch, task::yield_now, time::interval, time::timeout};

use super::{
    Parts, Stuck, Target,
    reading::{Reading, is_known},
    shape::Message,
};
use crate::audit::trail::create;
use crate::config::{Format, Names};

/// Between two looks at trails that have nothing new: events are written once or twice a second.
const LOOK: Duration = Duration::from_millis(500);
/// How often cursors are written, and told for how long events wait.
const KEEP: Duration = Duration::from_secs(1);
/// How often trails are looked for that nobody ships: each that is somebody else's costs a signature's verification.
const ADOPT: Duration = Duration::from_secs(5);
/// Between two tries, at first and at most.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);
/// Most events of one hand-over: some 500 kB to syslog; to a webhook, whose cursor goes on with each, what takes moments.
const SYSLOG_BATCH: usize = 512;
const WEBHOOK_BATCH: usize = 128;
/// For so long a connection has to stand behind an event that nobody confirms, until its cursor goes on.
const BEHIND: Duration = Duration::from_secs(5);
/// Between two complaints.
const COMPLAIN: Duration = Duration::from_secs(60);

/// See the module.
pub struct Courier {
    parts: Parts,
    sink: &'static str,
    format: Format,
    names: bool,
    target: Target,
    trails: BTreeMap<PathBuf, Reading>,
    looked: Instant,
    kept: Instant,
    complained: Option<Instant>,
    fails: u32,
    /// Time of the oldest event that is not there for certain, ms since 1970; 0 = there is none.
    oldest_ms: Arc<AtomicU64>,
}

impl Courier {
    /// Ships to syslog from the first event on that the trails have; to a webhook at first from now on, since nobody wants to be
    /// told of what was last year.
    pub(super) fn new(parts: Parts, format: Format, names: Names, target: Target) -> Self {
        let (sink, names, from_first) = match target {
            Target::Syslog(_) => ("syslog", names == Names::All, true),
            Target::Webhook(_) => ("webhook", names != Names::None, is_known(&parts.root, "webhook")),
        };
        let (trails, oldest_ms, now) = (BTreeMap::new(), Arc::default(), Instant::now());
        let (looked, kept, complained, fails) = (now, now, None, 0);
        parts.metrics.begin_sink(sink);
        let mut courier =
            Self { parts, sink, format, names, target, trails, looked, kept, complained, fails, oldest_ms };
        // Whatever begins later is new, and read from its first line on.
        courier.look_for_trails(from_first);
        courier
    }

    /// Ships until `stop` turns true, then once more what is there; tells meanwhile for how long the oldest event waits.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) {
        let lag = self.parts.metrics.sink_lag.with_label_values(&[self.sink]);
        let oldest_ms = Arc::clone(&self.oldest_ms);
        let telling = async {
            let mut every = interval(KEEP);
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
            let pause = match self.round(last).await {
                Ok(true) => {
                    yield_now().await;
                    continue;
                }
                Ok(false) => LOOK,
                Err(stuck) => {
                    self.go_back(stuck.abrupt);
                    self.complain(&stuck.why);
                    self.back_off().max(stuck.wait)
                }
            };
            // What is left the next start ships.
            if last {
                if let Target::Syslog(syslog) = &mut self.target {
                    syslog.close().await;
                }
                return self.keep_cursors();
            }
            let _ = timeout(pause, stop.wait_for(|&stop| stop)).await;
        }
    }

    /// Ships what comes next in each trail; answers whether there may be more.
    async fn round(&mut self, last: bool) -> Result<bool, Stuck> {
        if let Target::Syslog(syslog) = &mut self.target {
            match syslog.stands() {
                Ok(()) => {
                    for reading in self.trails.values_mut() {
                        if reading.confirm(BEHIND, syslog.read_by_now()) {
                            self.fails = 0;
                        }
                    }
                }
                // Closed in order, with all that there was.
                Err(error) if error.kind() == UnexpectedEof && !self.trails.values().any(Reading::waits) => {
                    self.go_back(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if self.kept.elapsed() >= KEEP {
            self.keep_cursors();
        }
        if last || self.looked.elapsed() >= ADOPT {
            self.look_for_trails(true);
        }
        // Whoever closed before anything was there for certain is not given everything each time.
        if self.fails > 0 && self.trails.values().any(Reading::waits) {
            return Ok(false);
        }
        let mut more = false;
        for dir in self.trails.keys().cloned().collect::<Vec<_>>() {
            more |= self.ship(&dir).await?;
        }
        if !more {
            self.note_oldest(None);
        }
        Ok(more)
    }

    async fn ship(&mut self, dir: &Path) -> Result<bool, Stuck> {
        let Some(reading) = self.trails.get_mut(dir) else { return Ok(false) };
        let public = &self.parts.public;
        let read = match &self.target {
            Target::Syslog(_) => reading.read(public, SYSLOG_BATCH, |_| true),
            Target::Webhook(webhook) => reading.read(public, WEBHOOK_BATCH, |kind| webhook.target.events.has(kind)),
        };
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
        let (count, oldest_ms) = (read.events.len() as u64, read.oldest_ms());
        if count > 0 {
            self.note_oldest(oldest_ms);
            self.send(read.events).await?;
        }
        let sent = if let Target::Syslog(syslog) = &self.target { Some(syslog.sent) } else { None };
        if let Some(reading) = self.trails.get_mut(dir) {
            reading.handed_over(count, oldest_ms, sent);
        }
        // What was confirmed need not come again, however soon this process ends.
        if count > 0 && sent.is_none() {
            self.keep_cursors();
        }
        Ok(read.more)
    }

    async fn send(&mut self, events: Vec<Map<String, Value>>) -> Result<(), Stuck> {
        let events = if self.names { name(self.parts.clone(), events).await? } else { events };
        let messages: Vec<Message> = events.into_iter().map(|event| Message::new(event, self.format)).collect();
        let counted = &self.parts.metrics.sink_events;
        let count = |result: &str, count| counted.with_label_values(&[self.sink, result]).inc_by(count);
        match &mut self.target {
            Target::Syslog(syslog) => {
                syslog.send(&messages).await?;
                count("sent", messages.len() as u64);
            }
            Target::Webhook(webhook) => {
                webhook.send(&messages, count).await?;
                self.fails = 0;
            }
        }
        self.parts.metrics.sink_up.with_label_values(&[self.sink]).set(1.0);
        Ok(())
    }

    /// Reads again from the last event on that is there for certain.
    fn go_back(&mut self, abrupt: bool) {
        if let Target::Syslog(syslog) = &mut self.target {
            syslog.let_go();
        }
        let again = self.trails.values_mut().map(|reading| reading.go_back(abrupt)).sum();
        self.count("again", again);
        self.keep_cursors();
        if abrupt || matches!(self.target, Target::Webhook(_)) {
            self.parts.metrics.sink_up.with_label_values(&[self.sink]).set(0.0);
        }
    }

    fn keep_cursors(&mut self) {
        self.kept = Instant::now();
        let kept: Result<Vec<()>, _> = self.trails.values_mut().map(Reading::keep).collect();
        if let Err(error) = kept {
            self.complain(&format!("a cursor cannot be written (OTP_AUDIT_DIR): {error}"));
        }
    }

    /// Looks for trails that nobody ships.
    fn look_for_trails(&mut self, from_first: bool) {
        self.looked = Instant::now();
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

    /// Notes what waits: what was handed over and is not there for certain, and what is about to be.
    fn note_oldest(&self, read_ms: Option<u64>) {
        let oldest_ms = self.trails.values().filter_map(Reading::oldest_ms).chain(read_ms).min();
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
    Err(Stuck { why: format!("names cannot be opened: {why}"), wait: AGAIN, abrupt: false })
}

/// Seconds since then, by this machine's clock.
fn age(time_ms: u64) -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_millis(time_ms)).as_secs_f64()
}
