//! Why a user is stopped, in one sentence that can be read out to them.

use crate::{policy::Outcome, service::time::rfc3339, store::inspect::Inspected};

const MINUTE_MS: u64 = 60_000;

/// Says what stops a user for the longest, why, and what ends it.
pub(super) fn sentence(held: &Inspected, stops: &[(Outcome, Option<u64>)], seen: bool) -> String {
    if !seen {
        return "Nobody was ever seen under this spelling, as far as is remembered.".to_owned();
    }
    // Whoever is let in by nobody need not be told what else would stop them.
    let is_out = |rule: &Outcome| matches!(rule, Outcome::SubjectDisabled | Outcome::SubjectLocked);
    let out = stops.iter().find(|(rule, _)| is_out(rule));
    let Some((rule, ends)) = out.or_else(|| stops.iter().max_by_key(|(_, ends)| *ends)) else {
        return "Nothing stops this user.".to_owned();
    };
    let time = until(held.standing.now, ends.unwrap_or_default());
    let why = match (rule, held.lock) {
        (Outcome::SubjectDisabled, _) => {
            let count = held.in_a_row;
            return format!("No code is sent or taken, after {count} wrong codes in a row, until an operator unlocks.");
        }
        (Outcome::SubjectLocked, lock) => {
            let why = match lock {
                Some(lock) if lock.by_hand => "since an operator locked this user".to_owned(),
                Some(lock) => format!("after {} failed attempts", lock.failures),
                None => "after failed attempts".to_owned(),
            };
            return format!("No code is sent or taken, {why}, {time}, or until an operator unlocks.");
        }
        (Outcome::IpBlocked, _) => "No code is sent to or taken from this network, after many failures,",
        (Outcome::QuotaSubject, _) => "No more codes are sent, since as many were as may be,",
        (Outcome::QuotaIp, _) => "No more codes are sent to this network, since as many were as may be,",
        _ => "The next code is sent only after a pause,",
    };
    format!("{why} {time}.")
}

fn until(now: u64, ends: u64) -> String {
    let minutes = ends.saturating_sub(now).div_ceil(MINUTE_MS);
    let rest = if minutes == 1 { "1 more minute".to_owned() } else { format!("{minutes} more minutes") };
    format!("for {rest} (until {})", rfc3339(ends))
}
