//! Whom an event is about, sealed for the trail under the person's own key ([`crate::secret::person`]). Who is known by no
//! more than a name that somebody made up gets none, and leaves nothing in Redis.
//!
//! One exporter at a time owns a bucket, so that only an erasure can come between reading a person and writing it back:
//! then nothing is written out, and the batch is read again.

use std::collections::BTreeSet;
use std::{mem, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::event::{Bucket, Event, Kind};
use crate::policy::Outcome;
use crate::risk::Signals;
use crate::secret::who::{Known, Who};
use crate::secret::{AuditKey, Person, Reference, WhoSealer};
use crate::store::{Store, StoreError, key::OfReference, person::Change};

/// How often persons are read for one batch: whoever is erased again and again waits for the next.
const TRIES: usize = 4;
/// A person's end is moved so many days further than needed, so that it need not be moved with each event.
const SLACK: u64 = 30;
const DAY_MS: u64 = 86_400_000;

/// Seals personal fields.
#[derive(Debug)]
pub struct Personal {
    /// What they are sealed under in the trail.
    pub key: Arc<AuditKey>,
    /// What they are sealed under in the outbox.
    pub outbox: WhoSealer,
    /// How long after an event its fields can be opened.
    pub retention: Duration,
}

/// A person as Redis has it, and as it is to be.
struct Held {
    reference: Reference,
    before: Option<Vec<u8>>,
    person: Person,
    /// The name, sealed, of who was locked.
    name: Option<Vec<u8>>,
}

impl Personal {
    /// Seals the personal fields of `events`, which are whole batches in their order. A person who was erased meanwhile is read
    /// again; one that cannot be read keeps no event from being written out, without its personal fields.
    ///
    /// # Errors
    /// [`StoreError`]: nothing may be written out.
    pub async fn seal(&self, store: &Store, events: &mut [Event]) -> Result<(), StoreError> {
        let mut failed = BTreeSet::new();
        for _ in 0..TRIES {
            let mut persons = self.read(store, events, &failed).await?;
            for event in &mut *events {
                event.sealed = None;
                let at = persons.binary_search_by_key(&event.subject, |held| held.reference);
                if let Some(held) = at.ok().and_then(|at| persons.get_mut(at)) {
                    let who = mem::take(&mut event.who);
                    self.seal_one(event, &who, held);
                    event.who = who;
                }
            }
            let (mut names, mut changes) = (Vec::new(), Vec::new());
            for Held { reference, before, person, name } in persons {
                let (ends, after) = (u64::from(person.ends) * DAY_MS, person.bytes());
                names.extend(name.map(|name| (reference, name, ends)));
                if person.has_key() && before.as_ref() != Some(&after) {
                    changes.push(Change { reference, before, after, ends });
                }
            }
            store.keep_names(&names).await?;
            let unchanged = store.change_persons(&changes).await?;
            if unchanged.is_empty() {
                return Ok(());
            }
            failed.extend(unchanged);
        }
        Err(StoreError::Unexpected("person"))
    }

    /// Persons that events are about, in the order of their references, but for those that cannot be read.
    async fn read(
        &self,
        store: &Store,
        events: &[Event],
        failed: &BTreeSet<Reference>,
    ) -> Result<Vec<Held>, StoreError> {
        let about = events.iter().filter(|event| !event.who.is_empty());
        let mut references: Vec<Reference> = about.map(|event| event.subject).collect();
        references.sort_unstable();
        references.dedup();
        let found = store.exported_persons(&references).await?;
        let held = references.into_iter().zip(found).filter_map(|(reference, before)| {
            let person = match before.as_deref().map(Person::read) {
                // There is nothing, and yet nothing could be put there: it is of another type.
                None if failed.contains(&reference) => None,
                None => Some(Person::nobody()),
                Some(person) => person,
            };
            if person.is_none() {
                store.name_unreadable(Bucket::of(&reference), &OfReference::Person.key(&reference));
            }
            Some(Held { reference, before, person: person?, name: None })
        });
        Ok(held.collect())
    }

    fn seal_one(&self, event: &mut Event, who: &[u8], held: &mut Held) {
        let person = &mut held.person;
        // The erasure's own fields are the operator's reason, which the next one must leave.
        let erases = event.kind == Kind::AdminErase;
        let before = event.time_ms <= person.erased && !erases;
        if who.is_empty() || before {
            return;
        }
        let Some(packed) = self.outbox.open(&event.subject, who) else { return };
        let Some(mut known) = Who::unpack(&packed) else { return };
        if erases || !person.has_key() && !makes_known(event, &known) {
            return self.seal_of_day(event, known);
        }
        // An id outlives the erasure of whom it names; what the call itself gave is new.
        if known.issued_ms.is_some_and(|issued| issued <= person.erased) {
            known.subject = None;
        }
        person.revive(&mut rand::rng());
        if event.kind == Kind::Send {
            person.security_only = known.security_only;
        }
        if person.security_only {
            (known.user_agent, known.device_id, event.device_ref) = (None, None, None);
            event.signals = Signals::without_client(&event.signals);
        }
        let locked = matches!(event.kind, Kind::Lockout | Kind::Disable | Kind::AdminLock);
        if let Some(name) = known.subject.filter(|_| locked) {
            let tenant = event.tenant.as_deref().unwrap_or_default();
            held.name = person.seal_name(&self.key, &event.subject, tenant, name);
        }
        let kept_ms = u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX);
        let needed = event.time_ms.saturating_add(kept_ms).div_ceil(DAY_MS);
        if u64::from(person.ends) < needed {
            person.ends = u16::try_from(needed + SLACK).unwrap_or(u16::MAX);
        }
        // When the id was issued is of no use to whoever reads the trail.
        let packed = Who { issued_ms: None, subject_known: None, ..known }.packed();
        let sealed = person.seal_fields(&self.key, &identity(event), &packed);
        event.sealed = sealed.map(|sealed| STANDARD_NO_PAD.encode(sealed));
    }

    /// Seals what is kept of a call about somebody who is held as nobody, or of an erasure: no name, and nothing that names.
    fn seal_of_day(&self, event: &mut Event, known: Who<'_>) {
        let Who { ip, mut user_agent, mut device_id, reason, .. } = known;
        // Of a check it was said with its send, which nobody remembers.
        if !matches!(event.kind, Kind::Send | Kind::Request | Kind::Failure | Kind::Success) {
            (user_agent, device_id, event.device_ref) = (None, None, None);
        }
        let packed = Who { ip, user_agent, device_id, reason, ..Who::default() }.packed();
        if !packed.is_empty() {
            let sealed = self.key.seal_of_day(event.time_ms / DAY_MS, &identity(event), &packed);
            event.sealed = sealed.map(|sealed| STANDARD_NO_PAD.encode(sealed));
        }
    }
}

/// Whether an event makes a person of whom it is about: a code was issued that can verify, or the guard or an operator
/// recorded something.
fn makes_known(event: &Event, known: &Who<'_>) -> bool {
    let ended = |outcomes: &[Outcome]| outcomes.contains(&event.outcome);
    match event.kind {
        Kind::Send => ended(&[Outcome::Issued]) && known.subject_known != Some(false),
        Kind::Request | Kind::Success => ended(&[Outcome::Recorded, Outcome::Approved]),
        Kind::Failure => ended(&[Outcome::WrongCode, Outcome::WrongCodeLocks]),
        Kind::AdminUnlock | Kind::AdminLock | Kind::AdminExport | Kind::AdminInspect => true,
        _ => false,
    }
}

/// Opens the personal fields of a line of the trail: of a person, of somebody who was held as nobody when it was written, or of
/// an event that `erases`.
pub fn open(
    key: &AuditKey,
    person: Option<&Person>,
    event: (u8, u64, u64),
    time_ms: u64,
    erases: bool,
    sealed: &str,
) -> Option<Known> {
    let (identity, sealed) = (packed(event), STANDARD_NO_PAD.decode(sealed).ok()?);
    person.and_then(|person| person.open_fields(key, &identity, &sealed)).or_else(|| {
        // What was kept of them as nobody is told no more once they were erased.
        let told = erases || person.is_none_or(|person| time_ms > person.erased);
        key.open_of_day(time_ms / DAY_MS, &identity, &sealed).filter(|_| told)
    })
}

fn identity(event: &Event) -> [u8; 17] {
    packed((event.bucket, event.epoch, event.seq))
}

fn packed((bucket, epoch, seq): (u8, u64, u64)) -> [u8; 17] {
    let mut packed = [bucket; 17];
    packed[1..9].copy_from_slice(&epoch.to_be_bytes());
    packed[9..].copy_from_slice(&seq.to_be_bytes());
    packed
}
