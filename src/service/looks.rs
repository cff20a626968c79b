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
const COUNTED_FOR: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By actor and what at.
    counted: BTreeMap<(String, Kind), Counted>,
    /// To be written.
    over: Vec<Note>,
}

#[derive(Debug)]
struct Counted {
    since: Instant,
    note: Note,
}

impl Looks {
    /// Counts a look, if it is another one of the same within ten minutes; `false` if it has to be written.
    pub(super) fn count(&self, actor: &str, kind: Kind, now: Instant) -> bool {
        let mut state = self.state();
        let known = state.counted.get_mut(&(actor.to_owned(), kind));
        let Some(known) = known.filter(|known| now < known.since + COUNTED_FOR) else { return false };
        known.note.count = known.note.count.saturating_add(1);
        true
    }

    /// Begins to count behind a look that was written.
    pub(super) fn begin(&self, actor: &str, kind: Kind, context: Vec<u8>, now: Instant) {
        let note = Note::new(NOBODY, kind, Outcome::Recorded, context);
        let mut state = self.state();
        let before = state.counted.insert((actor.to_owned(), kind), Counted { since: now, note });
        state.over.extend(before.map(|before| before.note));
    }

    /// Takes what was counted for ten minutes.
    pub(super) fn over(&self, now: Instant) -> Vec<Note> {
        self.take(|counted| now >= counted.since + COUNTED_FOR)
    }

    /// Takes all that was counted.
    pub(super) fn all(&self) -> Vec<Note> {
        self.take(|_| true)
    }

    fn take(&self, wanted: impl Fn(&Counted) -> bool) -> Vec<Note> {
        let mut state = self.state();
        let mut notes = std::mem::take(&mut state.over);
        state.counted.retain(|_, counted| {
            let over = wanted(counted);
            if over {
                notes.push(counted.note.clone());
            }
            !over
        });
        notes.retain(|note| note.count > 0);
        notes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_written_and_the_rest_of_ten_minutes_are_one() {
        let (looks, start) = (Looks::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!looks.count("ops", Kind::AdminEvents, start));
        looks.begin("ops", Kind::AdminEvents, vec![1], start);
        assert!((1..600).all(|second| looks.count("ops", Kind::AdminEvents, at(second))));
        assert!(!looks.count("ops", Kind::AdminLocks, at(9)) && !looks.count("eve", Kind::AdminEvents, at(9)));
        assert!(looks.over(at(599)).is_empty());
        // Whoever looks on after that is written again, and what was counted is not forgotten.
        assert!(!looks.count("ops", Kind::AdminEvents, at(600)));
        looks.begin("ops", Kind::AdminEvents, vec![2], at(600));
        assert!(looks.count("ops", Kind::AdminEvents, at(601)));
        let counts = |notes: Vec<Note>| notes.into_iter().map(|note| (note.context, note.count)).collect::<Vec<_>>();
        assert_eq!(counts(looks.over(at(602))), [(vec![1], 599)]);
        assert_eq!(counts(looks.all()), [(vec![2], 1)]);
        looks.begin("ops", Kind::AdminEvents, vec![3], at(700));
        assert!(looks.over(at(1300)).is_empty(), "one look is one event");
    }
}
