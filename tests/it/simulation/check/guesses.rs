//! I2: wrong codes that were compared, and failures that a guard recorded, never exceed the limit.
//!
//! They are counted from the last moment at which something may have ended the counting: a lock, which spends them, an
//! unlock, or a success, which clears those of its purpose. What has no answer may have been any of it.

use super::{Act, Broken, acts, is, subjects};
use crate::simulation::history::{Effect, History, Told, What};

/// What a reset ends the counting of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Of<'a> {
    All,
    Purpose(&'a str),
    /// Failures of the guard alone.
    Guard(&'a str),
}

struct Reset<'a> {
    n: usize,
    from: u64,
    to: u64,
    of: Of<'a>,
}

impl Reset<'_> {
    fn ends(&self, guess: &Act) -> bool {
        match self.of {
            Of::All => true,
            Of::Purpose(purpose) => guess.call.asked.purpose == purpose,
            Of::Guard(purpose) => guess.call.asked.purpose == purpose && is(guess.call, What::Failure),
        }
    }
}

pub fn check(history: &History) -> Vec<Broken> {
    let guesses = acts(history, |call| matches!(call.told, Told::Wrong(_)));
    let mut broken = Vec::new();
    for subject in subjects(history) {
        let own: Vec<&Act> = guesses.iter().filter(|guess| guess.call.asked.subject == subject).collect();
        let resets = resets(history, subject);
        for last in own.iter().filter(|guess| !lost(history, guess)) {
            let counted: Vec<_> = own
                .iter()
                .filter(|guess| {
                    let since = resets
                        .iter()
                        .filter(|reset| reset.n != last.call.n && reset.from <= last.to && reset.ends(guess))
                        .map(|reset| reset.to)
                        .max()
                        .unwrap_or(0);
                    guess.from >= since && guess.to <= last.to && !lost(history, guess)
                })
                .map(|guess| guess.call)
                .collect();
            if counted.len() > history.limits.failures {
                let what =
                    format!("{} wrong guesses were evaluated, {} are allowed", counted.len(), history.limits.failures);
                broken.push(Broken::new("I2", what, &counted));
                break;
            }
        }
    }
    broken
}

fn resets<'a>(history: &'a History, subject: &str) -> Vec<Reset<'a>> {
    let own = history.calls.iter().filter(|call| call.asked.subject == subject);
    own.filter_map(|call| {
        let purpose = call.asked.purpose;
        let of = match (call.asked.what, &call.told) {
            (_, Told::Wrong(Some(_)) | Told::Unlocked)
            | (What::Check | What::Failure | What::Unlock, Told::Unknown(_)) => Of::All,
            (_, Told::Approved(_)) => Of::Purpose(purpose),
            (_, Told::Cleared) | (What::Success, Told::Unknown(_)) => Of::Guard(purpose),
            _ => return None,
        };
        Some(Reset { n: call.n, from: history.done_from(call), to: history.done_by(call), of })
    })
    .collect()
}

/// Whether a failover may have taken it: told by a server that was replaced meanwhile, or by a sidecar that died before it
/// could put it back.
fn lost(history: &History, guess: &Act) -> bool {
    history.effects().any(|effect| match effect {
        Effect::Failover { from, switch, to, forgot } => {
            let since = if forgot.contains(&guess.call.sidecar) { from } else { switch };
            guess.call.end >= *since && guess.from <= *to
        }
        Effect::Outage { .. } => false,
    })
}
