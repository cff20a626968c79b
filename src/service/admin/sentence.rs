//! Why a user is stopped, in one sentence that can be read out to them.

use crate::{policy::Outcome, service::time::rfc3339, store::inspect::Inspected};

const MINUTE_MS: u64 = 60_000;

/// Says what stops a user for the longest, why, and what ends it.
pub(super) fn sentence(held: &Inspected, seen: bool) -> String {
    let now = held.standing.now;
    if !seen {
        return "Nobody was ever seen under this spelling, as far as is remembered.".to_owned();
    }
    if held.standing.disabled {
        return format!(
            "No code is sent or taken, after {} wrong codes in a row, until an operator unlocks.",
            held.in_a_row
        );
    }
    if held.standing.locked_until > now {
        let why = match held.lock {
            Some(lock) if lock.by_hand => "since an operator locked this user".to_owned(),
            Some(lock) => format!("after {} failed attempts", lock.failures),
            None => "after failed attempts".to_owned(),
        };
        return format!(
            "No code is sent or taken, {why}, {}, or until an operator unlocks.",
            until(now, held.standing.locked_until)
        );
    }
    let waits = [
        (
            Outcome::IpBlocked,
            held.network_failures.reset_ms,
            "No code is sent to or taken from this network, after many failures,",
        ),
        (Outcome::QuotaSubject, held.quota_wait, "No more codes are sent, since as many were as may be,"),
        (
            Outcome::QuotaIp,
            held.network_sends.reset_ms,
            "No more codes are sent to this network, since as many were as may be,",
        ),
        (Outcome::ResendCooldown, held.pause, "The next code is sent only after a pause,"),
    ];
    match waits.iter().max_by_key(|wait| wait.1).filter(|wait| wait.1 > 0) {
        Some((_, wait, why)) => format!("{why} {}.", until(now, now + wait)),
        None => "Nothing stops this user.".to_owned(),
    }
}

fn until(now: u64, ends: u64) -> String {
    let minutes = ends.saturating_sub(now).div_ceil(MINUTE_MS);
    let rest = if minutes == 1 { "1 more minute".to_owned() } else { format!("{minutes} more minutes") };
    format!("for {rest} (until {})", rfc3339(ends))
}
