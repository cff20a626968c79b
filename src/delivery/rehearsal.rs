//! What happens to a decoy's message: nothing is sent, and it ends as one of the last real ones by its channel did, after as long.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng, seq::IteratorRandom as _};

use super::End;

/// So many real tries are remembered.
const LAST: usize = 64;
/// A relay next door, before any real try is known.
const FIRST: Duration = Duration::from_millis(150);

/// A try as it went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Played {
    /// How long it took.
    pub(super) took: Duration,
    /// How it ended.
    pub(super) end: End,
}

/// The last real tries by a channel.
#[derive(Debug, Default)]
pub(super) struct Rehearsal(Mutex<VecDeque<Played>>);

impl Rehearsal {
    /// Remembers a real try.
    pub(super) fn note(&self, played: Played) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LAST {
            last.pop_front();
        }
        last.push_back(played);
    }

    /// Draws one of them.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> Played {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().choose(rng).copied().unwrap_or(Played { took: FIRST, end: End::Accepted })
    }
}
