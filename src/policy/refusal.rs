//! Refusals: values that say which rule, how long, and what the rule allows.

use std::time::Duration;

use serde::Serialize;

use super::{LockoutPolicy, Outcome, Policy, PurposePolicy};

/// Why a call that was well formed is not let through (429).
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The rule: one of the 20–29 of [`Outcome`].
    pub rule: Outcome,
    /// How long until the same call may pass, in ms; `None` where only an operator can end it.
    pub wait_ms: Option<u64>,
    /// The limit that was reached.
    pub limit: Option<LimitInfo>,
    /// When the lock ends (ms since 1970), for [`Outcome::SubjectLocked`].
    pub locked_until: Option<u64>,
    /// Which lock in a row this is, for [`Outcome::SubjectLocked`].
    pub lock_level: Option<u8>,
}

/// A limit as callers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitInfo {
    /// `subject_cooldown`, `subject_sends`, `ip_sends`, `ip_failures`, `subject_failures`, `recipient_sends` or
    /// `destination_unproven`.
    pub name: &'static str,
    /// How many.
    pub max: u32,
    /// In how many seconds, rounded up.
    pub window: u64,
}

impl Refusal {
    /// The refusal for `rule` as `policy` describes it.
    pub fn new(rule: Outcome, wait_ms: u64, policy: &Policy, purpose: &PurposePolicy) -> Self {
        let info = |name, max, window| Some(LimitInfo { name, max, window: seconds_up(window) });
        let limit = match rule {
            Outcome::ResendCooldown => info("subject_cooldown", 1, purpose.cooldown),
            Outcome::QuotaSubject => purpose.sends.and_then(|q| info("subject_sends", q.max, q.window)),
            Outcome::QuotaIp => policy.ip_sends.and_then(|q| info("ip_sends", q.max, q.window)),
            Outcome::IpBlocked => policy.ip_failures.and_then(|q| info("ip_failures", q.max, q.window)),
            Outcome::QuotaRecipient => {
                policy.destinations.recipient.and_then(|q| info("recipient_sends", q.max, q.window))
            }
            Outcome::QuotaDestination => {
                policy.destinations.unproven.and_then(|q| info("destination_unproven", q.max, q.window))
            }
            Outcome::SubjectLocked => failures(&policy.lockout),
            _ => None,
        };
        let ends = !matches!(rule, Outcome::SubjectDisabled | Outcome::DestinationNotAllowed);
        let wait_ms = ends.then_some(wait_ms);
        Self { rule, wait_ms, limit, locked_until: None, lock_level: None }
    }

    /// Adds which lock it is and when it ends (ms since 1970).
    #[must_use]
    pub fn locked(mut self, until: u64, level: u8) -> Self {
        if self.rule == Outcome::SubjectLocked {
            (self.locked_until, self.lock_level) = (Some(until), Some(level));
        }
        self
    }
}

fn failures(lockout: &LockoutPolicy) -> Option<LimitInfo> {
    let window = seconds_up(lockout.memory);
    Some(LimitInfo { name: "subject_failures", max: u32::from(lockout.max_failures), window })
}

/// Whole seconds, rounded up: a caller that waits this long has waited long enough.
pub fn seconds_up(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}
