//! Learning: the exporter scores each sign-in for the trail, and once its events are acknowledged, and so never again, it teaches
//! the user's profile and what users share.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    exporter::Exporter,
    patterns::{Bombed, Suspicion, signals, suspicion, wrong},
};
use crate::{
    event::{Bucket, Event, Kind, NOBODY},
    policy::Outcome,
    risk::{
        Case, Mode, Risk,
        learn::{approved, confirmed, disowned},
        profile::Profile,
        score::HIGH,
        table::Learned,
    },
    secret::Reference,
    store::{
        Store, StoreError,
        risk::{Lesson, Sighting},
    },
};

/// What is learned when the events of a bucket are gone.
#[derive(Debug)]
pub struct Lessons {
    bucket: Bucket,
    lessons: Vec<Lesson>,
    learned: BTreeMap<String, Learned>,
    sightings: Vec<(Sighting, Suspicion)>,
    suspicions: Vec<Suspicion>,
}

/// Teaches.
#[derive(Debug, Default)]
pub struct Learner {
    /// `None` = nothing is learned.
    risk: Option<Arc<Risk>>,
    bombed: Bombed,
}

/// A user's profile on its way through a batch.
struct Held {
    before: Vec<u8>,
    profile: Profile,
    /// When the last sign-in was that changed it, ms since 1970.
    changed: Option<u64>,
}

impl Learner {
    /// Whether anything is learned.
    pub(super) fn learns(&self) -> bool {
        self.risk.is_some()
    }

    /// Learns, where that is asked for.
    pub fn new(risk: Option<Arc<Risk>>) -> Self {
        Self { risk: risk.filter(|risk| risk.is_on()), bombed: Bombed::default() }
    }
}

impl Exporter {
    /// Scores the events of a batch, in their order, and says what is to be learned of them.
    pub(super) async fn judge(&mut self, events: &mut [Event]) -> Vec<Lessons> {
        let Some(risk) = self.learner.risk.clone() else { return Vec::new() };
        let mut held = self.profiles(events).await;
        let mut all: BTreeMap<u8, Lessons> = BTreeMap::new();
        for event in events.iter_mut() {
            let Some(bucket) = Bucket::of_number(event.bucket) else { continue };
            let lessons = all.entry(event.bucket).or_insert_with(|| Lessons {
                bucket,
                lessons: Vec::new(),
                learned: BTreeMap::new(),
                sightings: Vec::new(),
                suspicions: Vec::new(),
            });
            match (event.kind, event.outcome) {
                (Kind::Send, Outcome::Issued) | (Kind::Check, Outcome::Approved) => {
                    self.judge_one(&risk, event, held.get_mut(&event.subject), lessons);
                }
                (Kind::Check, Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables) => {
                    lessons.sightings.extend(wrong(&risk, event, held.get(&event.subject).map(|held| &held.profile)));
                }
                // What came before it in this batch is nobody's any more, and there was no profile left to read.
                (Kind::AdminErase, _) => {
                    if let Some(held) = held.get_mut(&event.subject) {
                        (held.profile, held.changed) = (Profile::default(), None);
                    }
                }
                (Kind::Report, outcome) => {
                    if let Some(held) = held.get_mut(&event.subject) {
                        report(&risk, event, outcome, held, lessons);
                    }
                }
                (Kind::Send, outcome) if (20..30).contains(&(outcome as u8)) => {
                    lessons.suspicions.extend(self.learner.bombed.count(&risk, event));
                }
                _ => {}
            }
        }
        for (subject, Held { before, profile, changed }) in held {
            let lessons = all.get_mut(&Bucket::of(&subject).number()).zip(changed);
            if let Some((lessons, at_ms)) = lessons {
                lessons.lessons.push(Lesson { subject, before, after: profile.bytes(), at_ms });
            }
        }
        all.into_values().collect()
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

    fn judge_one(&self, risk: &Risk, event: &mut Event, held: Option<&mut Held>, lessons: &mut Lessons) {
        let Some(held) = held else { return };
        let (is_check, signals) = (event.kind == Kind::Check, signals(event));
        let tenant = event.tenant.clone().unwrap_or_default();
        let case = Case {
            tenant: &tenant,
            subject: &event.subject,
            network: event.network.as_ref(),
            signals: &signals,
            at_ms: event.time_ms,
            approved: is_check,
        };
        let score = risk.judge(Some(&held.profile), &case);
        let has_history = held.profile.sign_ins > 0;
        if has_history {
            event.risk = Some(score.points);
            self.metrics.risk_score.with_label_values(&[event.kind.label()]).observe(score.points.into());
        } else {
            self.metrics.risk_unscored.of("no_history").inc();
        }
        if !is_check {
            return;
        }
        let mode = risk.settings.mode;
        let action = if score.step_up { "step_up" } else { "none" };
        self.metrics.risk_actions.with_label_values(&[action, mode.label()]).inc();
        if has_history && score.points >= HIGH {
            lessons.suspicions.push(suspicion(event, Outcome::SignIn, score.points.into()));
        }
        if score.has("impossible_travel") || score.has("fast_country_change") {
            lessons.suspicions.push(suspicion(event, Outcome::Travel, score.points.into()));
        }
        let mut learned = Learned::default();
        let table = risk.table(&tenant);
        let held_back = (score.step_up && mode != Mode::Shadow).then_some(event.verification);
        if approved(&mut held.profile, &signals, held_back, table.as_deref(), event.time_ms, &mut learned) {
            held.changed = Some(event.time_ms);
        }
        share(&tenant, &learned, lessons);
    }

    /// Teaches what was learned of events that are gone; of buckets that are `lost` nothing.
    pub(super) async fn teach(&self, lessons: Vec<Lessons>, lost: &[Bucket]) {
        let Some(risk) = &self.learner.risk else { return };
        for lessons in lessons.into_iter().filter(|lessons| !lost.contains(&lessons.bucket)) {
            if let Err(error) = self.teach_one(risk, lessons).await {
                // What was taught of it is unknown, so that none of it is taught again.
                tracing::debug!(%error, "sign-ins were not learned");
            }
        }
    }

    async fn teach_one(&self, risk: &Risk, lessons: Lessons) -> Result<(), StoreError> {
        let memory = risk.settings.memory;
        let teaching = lessons.lessons.iter().map(|lesson| self.store.learn(lesson, memory));
        for taught in futures_util::future::join_all(teaching).await {
            self.metrics.risk_learned.inc_by(u64::from(taught?));
        }
        for (tenant, learned) in lessons.learned {
            self.store.share(&risk.tenants.of(&tenant), &learned, (self.now_ms)()).await?;
            risk.add(&tenant, &learned);
        }
        for (sighting, suspicion) in lessons.sightings {
            if self.store.sight(&sighting).await? {
                self.suspect(&self.store, suspicion).await?;
            }
        }
        for suspicion in lessons.suspicions {
            self.suspect(&self.store, suspicion).await?;
        }
        Ok(())
    }

    async fn suspect(&self, store: &Store, Suspicion { note, operation }: Suspicion) -> Result<(), StoreError> {
        self.metrics.suspicious.of(note.outcome.label()).inc();
        store.note_event(&note, &operation).await
    }
}

/// What a user said of a sign-in that waits.
fn report(risk: &Risk, event: &Event, outcome: Outcome, held: &mut Held, lessons: &mut Lessons) {
    let tenant = event.tenant.as_deref().unwrap_or_default();
    let mut learned = Learned::default();
    let changed = match outcome {
        Outcome::Confirmed => {
            confirmed(&mut held.profile, event.verification, risk.table(tenant).as_deref(), &mut learned)
        }
        Outcome::Reported => disowned(&mut held.profile, event.verification, event.time_ms),
        _ => false,
    };
    if changed {
        held.changed = Some(event.time_ms);
    }
    share(tenant, &learned, lessons);
}

fn share(tenant: &str, learned: &Learned, lessons: &mut Lessons) {
    if !learned.is_empty() {
        lessons.learned.entry(tenant.to_owned()).or_default().append(learned);
    }
}
