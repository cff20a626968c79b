//! What becomes of a profile when a sign-in was approved, confirmed or disowned.

use super::{
    level::Level,
    model::learn,
    profile::{Last, Pending, Profile},
    score::comparable,
    signals::Signals,
    table::Table,
};

const DAY_MS: u64 = 86_400_000;

/// Learns an approved sign-in. One that is `held_back`, of that verification, counts for nothing until the app says that it was
/// its user, or the same device or network is approved again a day later. What shows nothing new is learned once a day. Answers
/// whether the profile has changed, and adds to `learned` what users share.
pub fn approved(
    profile: &mut Profile,
    signals: &Signals,
    held_back: Option<u32>,
    table: Option<&Table>,
    at_ms: u64,
    learned: &mut Table,
) -> bool {
    let again = profile.pending.filter(|pending| !pending.disowned && pending.signals.shares(signals));
    if let Some(again) = again.filter(|again| at_ms >= again.when + DAY_MS) {
        profile.pending = None;
        learned.add(&learn(profile, &again.signals, table, day(at_ms)));
    } else if let Some(last) = held_back {
        // What was disowned stays known.
        let stays = profile.pending.is_some_and(|pending| pending.is_disowned(at_ms));
        if !stays {
            // The first of them counts from when it was, or nobody would ever have waited for a day; the last one is it.
            let (when, first) = again.map_or((at_ms, last), |again| (again.when, again.first));
            profile.pending = Some(Pending { when, disowned: false, first, last, signals: *signals });
        }
        return !stays;
    }
    let known = |level: Level| signals.value(level).is_none_or(|value| profile.of(level).knows(value));
    if profile.sign_ins > 0 && profile.day == day(at_ms) && Level::ALL.into_iter().all(known) {
        return again.is_some();
    }
    learned.add(&learn(profile, signals, table, day(at_ms)));
    if comparable(signals) {
        profile.last = Some(Last { when: at_ms, country: signals.country, place: signals.place });
    }
    true
}

/// Learns the sign-in that waits, if it is of this verification: its user was asked for more, and gave it.
pub fn confirmed(profile: &mut Profile, verification: u32, table: Option<&Table>, learned: &mut Table) -> bool {
    let waits = profile.pending.filter(|waits| !waits.disowned && verification != 0 && waits.last == verification);
    let Some(Pending { when, signals, .. }) = waits else { return false };
    profile.pending = None;
    learned.add(&learn(profile, &signals, table, day(when).max(profile.day)));
    true
}

/// Drops the sign-in that waits, and remembers that its user disowned it, or the first like it.
pub fn disowned(profile: &mut Profile, verification: u32, at_ms: u64) -> bool {
    match &mut profile.pending {
        Some(waits) if !waits.disowned && verification != 0 && [waits.first, waits.last].contains(&verification) => {
            (waits.disowned, waits.when) = (true, at_ms);
            true
        }
        _ => false,
    }
}

fn day(at_ms: u64) -> f64 {
    (at_ms / DAY_MS) as f64
}
