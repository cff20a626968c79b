//! Bursts: far more of something than at this hour on other days, over all tenants. Whoever exports the first bucket looks every
//! five minutes, a little after they are over, when their events have been counted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use crate::{
    event::{EventContext, Kind, NOBODY},
    metrics::Metrics,
    policy::Outcome,
    risk::rates::{HISTORY, Usual},
    store::{
        Store, StoreError,
        counters::{Counted, Memory},
        key::OfTime,
        note::Note,
        tally::TWELFTH,
    },
};

/// What is watched, by its name in events.
type Watched = (&'static str, fn(Kind, Outcome) -> bool);
const WATCHED: [Watched; 6] = [
    ("sends", |kind, outcome| kind == Kind::Send && outcome == Outcome::Issued),
    ("wrong_codes", |kind, outcome| kind == Kind::Check && matches!(outcome as u8, 12..=14)),
    ("approvals", |kind, outcome| kind == Kind::Check && outcome == Outcome::Approved),
    ("refusals", |kind, outcome| matches!(kind, Kind::Send | Kind::Check) && (20..30).contains(&(outcome as u8))),
    ("lockouts", |kind, _| kind == Kind::Lockout),
    ("reports", |kind, outcome| kind == Kind::Report && outcome == Outcome::Reported),
];
/// So long after five minutes their events are counted.
const COUNTED_AFTER: u64 = Duration::from_secs(10).as_millis() as u64;

/// Figures by the part of an hour or a day.
type Parts = HashMap<u64, [u64; WATCHED.len()]>;

/// What was looked at.
#[derive(Debug)]
pub struct Bursts {
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    /// Days that are over, by their number since 1970.
    days: BTreeMap<u64, Parts>,
    /// Which five minutes were looked at last.
    looked: u64,
    /// The hour in which each was told of.
    told: HashMap<&'static str, u64>,
}

impl Bursts {
    /// Of a sidecar that has looked at nothing yet.
    pub fn new(store: Arc<Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, days: BTreeMap::new(), looked: 0, told: HashMap::new() }
    }

    /// Looks, when it is time; what cannot be read is looked for again.
    pub async fn look(&mut self) {
        let Some(now) = self.store.clock_ms() else { return };
        if let Err(error) = self.look_at(now).await {
            tracing::debug!(%error, "figures were not read");
        }
    }

    async fn look_at(&mut self, now: u64) -> Result<(), StoreError> {
        let twelfth = now / TWELFTH;
        let (ended, hour) = (twelfth.saturating_sub(1), twelfth.saturating_sub(1) / 12);
        let days = hour.saturating_sub(HISTORY as u64) / 24..hour / 24;
        self.days.retain(|day, _| days.contains(day));
        // A day that is over is read once, and one at a time: it keeps Redis for some milliseconds.
        if let Some(day) = days.clone().find(|day| !self.days.contains_key(day)) {
            let read = self.counted(now, &[(OfTime::Day, day)]).await?;
            self.days.extend(read.into_iter().map(|parts| (day, parts)));
            return Ok(());
        }
        if self.looked == twelfth || now % TWELFTH < COUNTED_AFTER {
            return Ok(());
        }
        let [today, of_hour] = &self.counted(now, &[(OfTime::Day, hour / 24), (OfTime::Hour, hour)]).await?[..] else {
            return Ok(());
        };
        self.looked = twelfth;
        if self.days.first_key_value().is_none_or(|(_, first)| first.is_empty()) {
            return Ok(());
        }
        for (at, (what, _)) in WATCHED.iter().enumerate() {
            let of = |parts: &Parts, part| parts.get(&part).and_then(|counts| counts.get(at)).copied().unwrap_or(0);
            let of_past = |past: u64| of(self.days.get(&(past / 24)).unwrap_or(today), past % 24);
            let past: Vec<u64> = (hour.saturating_sub(HISTORY as u64)..hour).map(of_past).collect();
            let Some(usual) = Usual::of(&past) else { continue };
            let slots = ended % 12 + 1;
            let so_far = (0..slots).map(|slot| of(of_hour, slot)).sum::<u64>();
            let last = of(of_hour, ended % 12);
            let is_burst = usual.is_burst(last, 5.0) || usual.is_burst(so_far, slots as f64 * 5.0);
            if is_burst && self.told.insert(what, hour) != Some(hour) {
                self.tell(what, so_far).await?;
            }
        }
        Ok(())
    }

    /// Counters by part, as far as they are watched.
    async fn counted(&self, now: u64, counters: &[(OfTime, u64)]) -> Result<Vec<Parts>, StoreError> {
        let mut figures = self.store.figures(now, counters, &Memory::default()).await?;
        Ok(counters.iter().map(|of| parts(figures.counters.remove(of).unwrap_or_default())).collect())
    }

    async fn tell(&self, what: &'static str, count: u64) -> Result<(), StoreError> {
        self.metrics.suspicious.of(Outcome::Burst.label()).inc();
        let context = EventContext { actor: what, ..EventContext::about(&NOBODY) }.packed();
        let note = Note::new(NOBODY, Kind::Suspicious, Outcome::Burst, context);
        self.store.note_event(&Note { count: count.try_into().unwrap_or(u32::MAX), ..note }, &rand::random()).await
    }
}

/// The fields of a counter: u8 part, u8 kind, u8 outcome.
fn parts(counted: Counted) -> Parts {
    let mut parts = Parts::new();
    for (field, count) in counted {
        let &[part, kind, outcome] = field.as_slice() else { continue };
        let known = Kind::from_number(kind).zip(Outcome::from_number(outcome));
        let counts = parts.entry(part.into()).or_default();
        for (sum, (_, is)) in counts.iter_mut().zip(WATCHED) {
            *sum +=
                known.filter(|(kind, outcome)| is(*kind, *outcome)).map_or(0, |_| u64::try_from(count).unwrap_or(0));
        }
    }
    parts
}
