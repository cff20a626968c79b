//! Whom an event is about, sealed for the trail under the person's own key ([`crate::secret::person`]).
//!
//! One exporter at a time owns a bucket, so that only an erasure can come between reading a person and writing it back:
//! then nothing is written out, and the batch is read again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{
    event::{Event, Kind},
    secret::{AuditKey, Person, Reference, WhoSealer, who::Known},
    store::{Store, StoreError, person::Change},
};

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
    before: Option<Vec<u8>>,
    person: Person,
    changed: bool,
    /// The name, sealed, of who was locked.
    name: Option<Vec<u8>>,
}

impl Personal {
    /// Seals the personal fields of `events`, which are whole batches in their order. `false` if a person was erased
    /// meanwhile: then they must be read again.
    ///
    /// # Errors
    /// [`StoreError`]: nothing may be written out.
    pub async fn seal(&self, store: &Store, events: &mut [Event]) -> Result<bool, StoreError> {
        let mut persons = self.read(store, events).await?;
        for event in events.iter_mut() {
            if let Some(held) = persons.get_mut(&event.subject) {
                self.seal_one(event, held);
            }
        }
        let ends = |held: &Held| u64::from(held.person.ends) * DAY_MS;
        let named = |(reference, held): (&Reference, &Held)| Some((*reference, held.name.clone()?, ends(held)));
        store.keep_names(&persons.iter().filter_map(named).collect::<Vec<_>>()).await?;
        let changes: Vec<Change> = persons
            .into_iter()
            .filter(|(_, held)| held.changed)
            .map(|(reference, held)| Change {
                reference,
                ends: ends(&held),
                after: held.person.bytes(),
                before: held.before,
            })
            .collect();
        store.change_persons(&changes).await
    }

    async fn read(&self, store: &Store, events: &[Event]) -> Result<BTreeMap<Reference, Held>, StoreError> {
        let mut references: Vec<Reference> =
            events.iter().filter(|event| !event.who.is_empty()).map(|event| event.subject).collect();
        references.sort_unstable();
        references.dedup();
        let found = store.exported_persons(&references).await?;
        let mut persons = BTreeMap::new();
        for (reference, before) in references.into_iter().zip(found) {
            // What a later version wrote is not ours to change; its events wait for one that can read it.
            let read = before.as_deref().map(|bytes| Person::read(bytes).ok_or(StoreError::Unexpected("person")));
            let person = read.transpose()?.unwrap_or_else(|| Person::new(&mut rand::rng()));
            persons.insert(reference, Held { before, person, changed: false, name: None });
        }
        Ok(persons)
    }

    fn seal_one(&self, event: &mut Event, held: &mut Held) {
        let who = std::mem::take(&mut event.who);
        let person = &mut held.person;
        // The erasure's own fields are the operator's reason.
        let before = event.time_ms <= person.erased && event.kind != Kind::AdminErase;
        if who.is_empty() || before {
            return;
        }
        let Some(mut known) = self.outbox.open(&event.subject, &who).and_then(|packed| Known::unpack(&packed)) else {
            return;
        };
        let was = person.clone();
        person.revive(&mut rand::rng());
        if event.kind == Kind::Send {
            person.security_only = known.security_only;
        }
        if person.security_only {
            (known.user_agent, known.device_id, event.device_ref) = (None, None, None);
        }
        let locked = matches!(event.kind, Kind::Lockout | Kind::Disable | Kind::AdminLock);
        if let Some(name) = known.subject.as_deref().filter(|_| locked) {
            let tenant = event.tenant.as_deref().unwrap_or_default();
            held.name = person.seal_name(&self.key, &event.subject, (tenant, name));
        }
        let needed = event.time_ms.saturating_add(millis(self.retention)).div_ceil(DAY_MS);
        if u64::from(person.ends) < needed {
            person.ends = u16::try_from(needed + SLACK).unwrap_or(u16::MAX);
        }
        held.changed |= *person != was;
        let sealed = person.seal_fields(&self.key, &identity(event), &known.who().packed());
        event.sealed = sealed.map(|sealed| STANDARD_NO_PAD.encode(sealed));
    }
}

/// Opens the personal fields of a line of the trail.
pub fn open(key: &AuditKey, person: &Person, event: (u8, u64, u64), sealed: &str) -> Option<Known> {
    person.open_fields(key, &packed(event), &STANDARD_NO_PAD.decode(sealed).ok()?)
}

fn identity(event: &Event) -> Vec<u8> {
    packed((event.bucket, event.epoch, event.seq))
}

fn packed((bucket, epoch, seq): (u8, u64, u64)) -> Vec<u8> {
    [&[bucket], &epoch.to_be_bytes()[..], &seq.to_be_bytes()[..]].concat()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
