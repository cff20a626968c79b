//! What the store decided about a call: how full the limits are then, and why it was refused.

use super::{Decision, Service};
use crate::{
    policy::{Gauge, Outcome, Policy, PurposePolicy, Quota, Refusal, refusal::seconds_up},
    store::{Limit, Lock, check::Checked, send::Sent},
};

/// A decision of the store, which ages.
pub trait Decided: Clone {
    /// The same decision, so many ms later.
    fn with_age(&self, ms: u64) -> Self;
    /// What was decided.
    fn outcome(&self) -> Outcome;
    /// How long a refusal holds, ms; `None` = until somebody acts.
    fn wait(&self) -> Option<u64>;
    /// The running lock.
    fn lock(&self) -> Lock;
    /// Attempts left, from which the failures are known.
    fn attempts_left(&self) -> u32;
    /// How full the limits are that are on.
    fn gauges(&self, policy: &Policy, purpose: &PurposePolicy) -> Vec<Gauge>;
}

impl Decided for Sent {
    fn with_age(&self, ms: u64) -> Self {
        let less = |wait: u64| wait.saturating_sub(ms);
        Self {
            now: self.now + ms,
            wait: less(self.wait),
            subject_limit: self.subject_limit.with_age(ms),
            pause: less(self.pause),
            network_limit: self.network_limit.with_age(ms),
            ..self.clone()
        }
    }

    fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn wait(&self) -> Option<u64> {
        (self.outcome != Outcome::SubjectDisabled).then_some(self.wait)
    }

    fn lock(&self) -> Lock {
        self.lock
    }

    fn attempts_left(&self) -> u32 {
        self.attempts_left
    }

    fn gauges(&self, policy: &Policy, purpose: &PurposePolicy) -> Vec<Gauge> {
        let pause = (!purpose.cooldown.is_zero()).then(|| Gauge {
            name: "cooldown",
            max: 1,
            window: seconds_up(purpose.cooldown),
            left: u32::from(self.pause == 0),
            reset: self.pause.div_ceil(1000),
        });
        let subject = quota("subject", purpose.sends, self.subject_limit);
        let ip = quota("ip", policy.ip_sends, self.network_limit);
        [subject, ip, pause].into_iter().flatten().collect()
    }
}

impl Decided for Checked {
    fn with_age(&self, ms: u64) -> Self {
        let reset = self.reset.saturating_sub(ms);
        Self { now: self.now + ms, reset, network_limit: self.network_limit.with_age(ms), ..self.clone() }
    }

    fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn wait(&self) -> Option<u64> {
        (self.outcome != Outcome::SubjectDisabled).then(|| self.ends.saturating_sub(self.now))
    }

    fn lock(&self) -> Lock {
        self.lock
    }

    fn attempts_left(&self) -> u32 {
        self.attempts_left
    }

    fn gauges(&self, policy: &Policy, _: &PurposePolicy) -> Vec<Gauge> {
        let lockout = &policy.lockout;
        let reset = match self.lock.until.saturating_sub(self.now) {
            0 => self.reset,
            locked => locked,
        };
        let failures = Gauge {
            name: "failures",
            max: u32::from(lockout.max_failures),
            window: seconds_up(lockout.memory),
            left: self.attempts_left,
            reset: reset.div_ceil(1000),
        };
        let ip = quota("ip_failures", policy.ip_failures, self.network_limit);
        [Some(failures), ip].into_iter().flatten().collect()
    }
}

impl Sent {
    /// What the tightest quota still allows; `None` = no quota.
    pub(super) fn sends_left(&self) -> Option<u32> {
        self.subject_limit.left.into_iter().chain(self.network_limit.left).min()
    }
}

/// Whether it is a rule that refused.
pub(super) fn is_refusal(outcome: Outcome) -> bool {
    (20..=29).contains(&(outcome as u8))
}

fn quota(name: &'static str, quota: Option<Quota>, limit: Limit) -> Option<Gauge> {
    let (quota, left) = (quota?, limit.left?);
    Some(Gauge { name, max: quota.max, window: seconds_up(quota.window), left, reset: limit.reset_ms.div_ceil(1000) })
}

impl Service {
    /// Tells an answer, with how full the limits are after it.
    pub(super) fn answered<T>(&self, answer: T, decided: &impl Decided, purpose: &str, replayed: bool) -> Decision<T> {
        let limits = decided.gauges(&self.policy, self.policy.of(purpose));
        Decision { outcome: Ok(answer), limits, replayed }
    }

    /// Tells why the store refused.
    pub(super) fn refused<T>(&self, decided: &impl Decided, purpose: &str, replayed: bool) -> Decision<T> {
        let policy = self.policy.of(purpose);
        let refusal = Refusal::new(decided.outcome(), decided.wait().unwrap_or(0), &self.policy, policy);
        let outcome = Err(refusal.locked(decided.lock().until, decided.lock().level));
        Decision { outcome, limits: decided.gauges(&self.policy, policy), replayed }
    }
}
