//! What happens to a decoy's message: nothing is sent, and it ends as one of the last real ones did, after as long.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng, RngExt};

use super::Failure;

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
    pub(super) end: Result<(), Failure>,
}

/// The last real tries.
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
        let drawn = if last.is_empty() { None } else { last.get(rng.random_range(0..last.len())).copied() };
        drawn.unwrap_or(Played { took: FIRST, end: Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_ends_as_a_real_one_did() {
        let (rehearsal, mut rng) = (Rehearsal::default(), rand::rng());
        assert!(rehearsal.draw(&mut rng).end.is_ok());
        for _ in 0..LAST {
            rehearsal.note(Played { took: Duration::from_secs(1), end: Ok(()) });
        }
        for _ in 0..LAST {
            rehearsal.note(Played { took: Duration::from_secs(9), end: Err(Failure::unreachable()) });
        }
        let drawn = rehearsal.draw(&mut rng);
        assert!(drawn.took == Duration::from_secs(9) && drawn.end.is_err());
    }
}
