//! What the contract says of operators' acts.

use serde_json::json;

use super::{
    call::{Door, Tenant},
    contract::Contract,
    expect::{EITHER, Expect, rfc3339},
    subject::{Failures, Lock},
};

const MINUTE: u64 = 60_000;

impl Contract {
    /// Ends lock, hard stop, failures and level; sends stay counted and codes stay as they ended.
    pub(super) fn unlock(&mut self, tenant: Tenant, door: Door) -> Expect {
        // Wrong codes in a row are kept only where somebody counts them.
        let hard_stop = self.rules.hard_stop > 0;
        let subject = self.subject(tenant, door.subject);
        let counts = |of: &Failures| of.codes + of.guard + if hard_stop { of.run } else { 0 };
        let failures = subject.failures.values().any(|of| counts(of) > 0);
        let held = subject.disabled || subject.lock.is_some() || failures;
        subject.failures.clear();
        (subject.lock, subject.disabled) = (None, false);
        Expect::json(200, json!({"unlocked": u64::from(held)}))
    }

    /// Forgets the failures of a network; its sends stay counted.
    pub(super) fn unblock(&mut self, tenant: Tenant, net: usize) -> Expect {
        let (window, now) = (self.rules.ip_failures.map(|(_, window)| window), self.now);
        let failures = &mut self.network(tenant, net).failures;
        let held = window.is_some_and(|window| !failures.within(window, now).is_empty());
        failures.0.clear();
        Expect::json(200, json!({"unlocked": u64::from(held)}))
    }

    /// Locks and burns; never shortens a lock, and changes neither level nor failures.
    pub(super) fn lock(&mut self, tenant: Tenant, door: Door, minutes: u64) -> Expect {
        let until = self.now + minutes * MINUTE;
        self.burn(tenant, door.subject);
        let subject = self.subject(tenant, door.subject);
        let level = subject.lock.map_or(0, |lock| lock.level);
        let changed = subject.lock.is_none_or(|lock| lock.until < until);
        if changed {
            subject.lock = Some(Lock { until, level, failures: subject.failed() });
        }
        let until = subject.lock.map_or(until, |lock| lock.until);
        // Whether they were ever seen is another test's.
        Expect::json(
            200,
            json!({"locked_until": rfc3339(until), "lock_level": level, "changed": changed, "seen": EITHER}),
        )
    }
}
