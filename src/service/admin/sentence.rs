//! Why a user is stopped, in one sentence that can be read out to them.

use super::SubjectSelector;
use crate::{policy::Outcome, service::time::rfc3339_seconds, store::inspect::Inspected};

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Says that nobody ever saw whom an operator means.
pub(super) fn never_seen(whom: &SubjectSelector) -> String {
    let name = match whom {
        SubjectSelector::Subject { .. } => "spelling",
        SubjectSelector::Reference(_) => "reference",
    };
    format!("Nobody was ever seen under this {name}, as far as is remembered.")
}

/// Says what stops a user for the longest, why, and what ends it.
pub(super) fn sentence(held: &Inspected, stops: &[(Outcome, Option<u64>)]) -> String {
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

/// How long it is still, in the largest unit of which it is two at least, and until when; both rounded up, so that it is over by then.
fn until(now: u64, ends: u64) -> String {
    let left = ends.saturating_sub(now);
    let units = [("day", DAY_MS), ("hour", HOUR_MS), ("minute", MINUTE_MS)];
    let (unit, length) = units.into_iter().find(|(_, length)| left >= 2 * length).unwrap_or(("second", SECOND_MS));
    let count = left.div_ceil(length);
    let plural = if count == 1 { "" } else { "s" };
    format!("for {count} more {unit}{plural} (until {})", rfc3339_seconds(ends.next_multiple_of(SECOND_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_by_less_than_a_unit_more_than_it_is() {
        for (left, told) in [
            (1, "for 1 more second (until 1970-01-01T00:00:02Z)"),
            (1000, "for 1 more second (until 1970-01-01T00:00:02Z)"),
            (20_000, "for 20 more seconds (until 1970-01-01T00:00:21Z)"),
            (119_999, "for 120 more seconds (until 1970-01-01T00:02:01Z)"),
            (120_000, "for 2 more minutes (until 1970-01-01T00:02:01Z)"),
            (120_001, "for 3 more minutes (until 1970-01-01T00:02:02Z)"),
            (7_200_000, "for 2 more hours (until 1970-01-01T02:00:01Z)"),
            (86_400_000, "for 24 more hours (until 1970-01-02T00:00:01Z)"),
            (40 * 86_400_000, "for 40 more days (until 1970-02-10T00:00:01Z)"),
        ] {
            assert_eq!(until(1000, 1000 + left), told);
        }
    }
}
