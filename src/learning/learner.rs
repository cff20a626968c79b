//! Learning: the exporter scores each sign-in for the trail, and once its events are acknowledged, and so never again, it teaches
//! the user's profile and what users share.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::future::join_all;

use super::patterns::{Bombed, Strangers, Suspicion, signals};
use crate::{
    event::{Bucket, Event, Kind, NOBODY},
    metrics::Metrics,
    policy::Outcome,
    risk::{
        Mode, Pattern, Risk, SignIn, learn,
        profile::Profile,
        score,
        score::{FAST, HIGH, IMPOSSIBLE, action},
        table::Table,
    },
    secret::Reference,
    store::{
        Store, StoreError,
        risk::{Lesson, Sighting},
    },
};

/// Verdicts on codes.
const JUDGED: [Outcome; 4] =
    [Outcome::Approved, Outcome::WrongCode, Outcome::WrongCodeLocks, Outcome::WrongCodeDisables];

/// What is learned when the events of a bucket are gone.
#[derive(Debug, Default)]
pub struct Lessons {
    profiles: Vec<Lesson>,
    /// By tenant.
    shared: BTreeMap<String, Table>,
    /// The last of each somebody at each place, and what is told where they are too many.
    sightings: BTreeMap<(Pattern, Reference, u32), (Sighting, Suspicion)>,
    suspicions: Vec<Suspicion>,
}

/// Scores and teaches.
#[derive(Debug)]
pub struct Learner {
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    risk: Arc<Risk>,
    bombed: Bombed,
    strangers: Strangers,
}

/// A user's profile on its way through a batch.
struct Held {
    before: Vec<u8>,
    profile: Profile,
    /// When the last sign-in was that changed it, ms since 1970.
    changed: Option<u64>,
}

impl Learner {
    /// One that has learned nothing yet.
    pub fn new(store: Arc<Store>, metrics: Arc<Metrics>, risk: Arc<Risk>) -> Self {
        Self { store, metrics, risk, bombed: Bombed::default(), strangers: Strangers::default() }
    }

    /// Scores the events of a batch, in their order, and says what is to be learned of them.
    pub async fn judge(&mut self, events: &mut [Event]) -> BTreeMap<Bucket, Lessons> {
        let risk = Arc::clone(&self.risk);
        let mut held = self.profiles(events).await;
        let mut all: BTreeMap<Bucket, Lessons> = BTreeMap::new();
        for event in events.iter_mut() {
            let Some(bucket) = Bucket::of_number(event.bucket) else { continue };
            let (lessons, held) = (all.entry(bucket).or_default(), held.get_mut(&event.subject));
            if event.kind == Kind::Check && JUDGED.contains(&event.outcome) {
                let profile = held.as_ref().map(|held| &held.profile);
                for sighting in self.strangers.of_check(&risk, event, profile) {
                    let key = (sighting.pattern, sighting.about, sighting.who);
                    let (outcome, nth) = (sighting.pattern.outcome(), sighting.nth());
                    let told = Suspicion::new(event, outcome, sighting.about, nth, sighting.quota.max);
                    lessons.sightings.insert(key, (sighting, told));
                }
            }
            match (event.kind, event.outcome, held) {
                (Kind::Send, Outcome::Issued, Some(held)) | (Kind::Check, Outcome::Approved, Some(held)) => {
                    self.judge_one(event, held, lessons);
                }
                // What came before it in this batch is nobody's any more, and there was no profile left to read.
                (Kind::AdminErase, _, Some(held)) => (held.profile, held.changed) = (Profile::default(), None),
                (Kind::Report, _, Some(held)) => report(&risk, event, held, lessons),
                (Kind::Send, outcome, _) if (20..30).contains(&(outcome as u8)) => {
                    lessons.suspicions.extend(self.bombed.count(&risk, event));
                }
                _ => {}
            }
        }
        for (subject, Held { before, profile, changed }) in held {
            let lessons = all.get_mut(&Bucket::of(&subject)).zip(changed);
            if let Some((lessons, at_ms)) = lessons {
                lessons.profiles.push(Lesson { subject, before, after: profile.bytes(), at_ms });
            }
        }
        all
    }

    /// The profiles of those of whom the events are, but of those that cannot be read.
    async fn profiles(&self, events: &[Event]) -> HashMap<Reference, Held> {
        let judged =
            |event: &&Event| matches!(event.kind, Kind::Send | Kind::Check | Kind::Report) && event.subject != NOBODY;
        let subjects: BTreeSet<Reference> = events.iter().filter(judged).map(|event| event.subject).collect();
        let subjects: Vec<Reference> = subjects.into_iter().collect();
        let read = match self.store.profiles(&subjects).await {
            Ok(read) => read,
            Err(error) => {
                tracing::debug!(%error, "profiles were not read");
                self.metrics.risk_unscored.of("store").inc_by(subjects.len() as u64);
                return HashMap::new();
            }
        };
        let mut held = HashMap::new();
        for (subject, before) in subjects.into_iter().zip(read) {
            let before = before.unwrap_or_default();
            let profile = if before.is_empty() { Some(Profile::default()) } else { Profile::read(&before) };
            match profile {
                Some(profile) => drop(held.insert(subject, Held { before, profile, changed: None })),
                // It stays as it is: a later version may have written it.
                None => self.metrics.risk_unscored.of("profile").inc(),
            }
        }
        held
    }

    fn judge_one(&self, event: &mut Event, held: &mut Held, lessons: &mut Lessons) {
        let (risk, approved, has_history) = (&self.risk, event.kind == Kind::Check, held.profile.sign_ins > 0);
        if !has_history {
            self.metrics.risk_unscored.of("no_history").inc();
        }
        if !has_history && !approved {
            return;
        }
        let (signals, at_ms) = (signals(event), event.time_ms);
        let tenant = event.tenant.clone().unwrap_or_default();
        let context = risk.context(&tenant, &event.subject, event.network.as_ref());
        let score = score(&held.profile, &SignIn { signals, at_ms, approved }, &context, &risk.settings);
        if has_history {
            event.risk = Some(score.points);
            self.metrics.risk_score.with_label_values(&[event.kind.label()]).observe(score.points.into());
        }
        if !approved {
            return;
        }
        let mode = risk.settings.mode;
        self.metrics.risk_actions.with_label_values(&[action(score.step_up), mode.label()]).inc();
        let nth = event.epoch.rotate_left(40) ^ event.seq;
        let mut suspect = |outcome| {
            let points = score.points.into();
            lessons.suspicions.push(Suspicion::new(event, outcome, event.subject, nth, points));
        };
        if has_history && score.points >= HIGH {
            suspect(Outcome::SignIn);
        }
        if score.has(IMPOSSIBLE) || score.has(FAST) {
            suspect(Outcome::Travel);
        }
        let held_back = (score.step_up && mode != Mode::Shadow).then_some(event.verification);
        let (table, shared) = (context.table.as_deref(), lessons.shared.entry(tenant).or_default());
        if learn::approved(&mut held.profile, &signals, held_back, table, at_ms, shared) {
            held.changed = Some(at_ms);
        }
    }

    /// Teaches what was learned of events that are gone; of buckets that are `lost` nothing. What of it cannot be taught may have
    /// been, so that none of it is taught again.
    pub async fn teach(&self, lessons: Vec<(Bucket, Lessons)>, lost: &[Bucket], now_ms: u64) {
        let risk = &self.risk;
        let lessons: Vec<_> = lessons.into_iter().filter(|(bucket, _)| !lost.contains(bucket)).collect();
        let memory = risk.settings.memory;
        let teaching = lessons.iter().map(|(bucket, of)| self.store.learn(*bucket, &of.profiles, memory));
        let taught = join_all(teaching).await;
        let (mut shared, mut sightings, mut suspicions) = (BTreeMap::<String, Table>::new(), Vec::new(), Vec::new());
        for (taught, (_, of)) in taught.into_iter().zip(lessons) {
            let taught = done(taught);
            self.metrics.risk_learned.inc_by(taught.unwrap_or(0));
            let learned = of.shared.into_iter().filter(|_| taught.is_some());
            learned.for_each(|(tenant, learned)| shared.entry(tenant).or_default().add(&learned));
            sightings.extend(of.sightings.into_values());
            suspicions.extend(of.suspicions);
        }
        for (tenant, learned) in shared.into_iter().filter(|(_, learned)| !learned.is_empty()) {
            let shared = self.store.share(&risk.tenants.of(&tenant), &learned, now_ms).await;
            done(shared).into_iter().for_each(|()| risk.add(&tenant, &learned));
        }
        let too_many = join_all(sightings.iter().map(|(sighting, _)| self.store.sight(sighting))).await;
        for (too_many, (_, suspicion)) in too_many.into_iter().zip(sightings) {
            suspicions.extend(done(too_many).filter(|too_many| *too_many).map(|_| suspicion));
        }
        for Suspicion { note, operation } in suspicions {
            self.metrics.suspicious.of(note.outcome.label()).inc();
            done(self.store.note_event(&note, &operation).await);
        }
    }
}

/// What was done, if it was.
fn done<T>(result: Result<T, StoreError>) -> Option<T> {
    result.inspect_err(|error| tracing::debug!(%error, "what was learned of sign-ins was not taught")).ok()
}

/// What a user said of a sign-in that waits.
fn report(risk: &Risk, event: &Event, held: &mut Held, lessons: &mut Lessons) {
    let tenant = event.tenant.clone().unwrap_or_default();
    let (table, profile) = (risk.table(&tenant), &mut held.profile);
    let changed = match event.outcome {
        Outcome::Confirmed => {
            let shared = lessons.shared.entry(tenant).or_default();
            learn::confirmed(profile, event.verification, table.as_deref(), shared)
        }
        Outcome::Reported => learn::disowned(profile, event.verification, event.time_ms),
        _ => false,
    };
    if changed {
        held.changed = Some(event.time_ms);
    }
}
