//! I3: after a lock that was told nothing is issued and nothing evaluated until its end, or an operator's unlock.

use super::{Act, Broken, about, acts, is, subjects};
use crate::simulation::history::{Call, History, SLACK, Told, What};

pub fn check(history: &History) -> Vec<Broken> {
    let mut broken = Vec::new();
    let locks = acts(history, |call| matches!(call.told, Told::Wrong(Some(_)) | Told::Locked(_)));
    let done = acts(history, |call| {
        matches!(call.told, Told::Issued { .. } | Told::Requested | Told::Approved(_) | Told::Wrong(_) | Told::Cleared)
    });
    for subject in subjects(history) {
        let unlocks: Vec<&Call> = about(history, subject)
            .filter(|call| is(call, What::Unlock) && matches!(call.told, Told::Unlocked | Told::Unknown(_)))
            .collect();
        for lock in locks.iter().filter(|act| act.call.asked.subject == subject) {
            let Some(until) = until(lock) else { continue };
            let lifted =
                |act: &Act| unlocks.iter().any(|unlock| unlock.start <= act.to && history.done_by(unlock) >= lock.from);
            let meanwhile = |act: &&Act| {
                act.call.asked.subject == subject && act.from > lock.to && act.to + SLACK < until && !lifted(act)
            };
            broken.extend(done.iter().find(meanwhile).map(|act| {
                let what = format!("something was done while its subject was locked until {until}");
                Broken::new("I3", what, &[lock.call, act.call])
            }));
        }
    }
    broken
}

fn until(lock: &Act) -> Option<u64> {
    match lock.call.told {
        Told::Wrong(Some(until)) | Told::Locked(until) => Some(until),
        _ => None,
    }
}
