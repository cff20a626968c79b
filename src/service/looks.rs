//! Looks of operators, coalesced: the first at something is an event before anything is shown, further ones of the same
//! operator within ten minutes are counted into one. Whoever follows the events would else fill the trail with that.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    event::{Kind, NOBODY},
    policy::Outcome,
    store::note::Note,
};

/// How long looks are counted behind a first one.
pub const COUNTED_FOR: Duration = Duration::from_secs(600);

/// Looks that were counted: since when, and what is to be written, by actor and what at.
#[derive(Debug, Default)]
pub struct Looks(Mutex<BTreeMap<(String, Kind), (Instant, Note)>>);

impl Looks {
    /// Counts a look, if it is another one of the same within ten minutes; `false` if it has to be written.
    pub fn count(&self, actor: &str, kind: Kind) -> bool {
        let mut counted = self.counted();
        let known = counted.get_mut(&(actor.to_owned(), kind));
        known.map(|(_, note)| note.count = note.count.saturating_add(1)).is_some()
    }

    /// Begins to count behind a look that was written.
    pub fn begin(&self, actor: &str, kind: Kind, context: Vec<u8>, now: Instant) {
        let note = Note::new(NOBODY, kind, Outcome::Recorded, context);
        self.counted().entry((actor.to_owned(), kind)).or_insert((now, note));
    }

    /// Takes what was counted for ten minutes.
    pub fn over(&self, now: Instant) -> Vec<Note> {
        let mut counted = self.counted();
        let all = std::mem::take(&mut *counted).into_iter();
        let (over, on): (BTreeMap<_, _>, _) = all.partition(|(_, (since, _))| now >= *since + COUNTED_FOR);
        *counted = on;
        over.into_values().map(|(_, note)| note).filter(|note| note.count > 0).collect()
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<(String, Kind), (Instant, Note)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
