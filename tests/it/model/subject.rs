//! What the contract says of one subject of one tenant, over all purposes.

use std::collections::BTreeMap;

use super::{
    call::Door,
    expect::Gauge,
    rules::Rules,
    window::{Room, Times},
};

const HOUR: u64 = 3_600_000;
/// Wrong codes in a row are forgotten after 30 days without another.
const RUN_MEMORY: u64 = 30 * 24 * HOUR;

/// A lock, running or over.
#[derive(Debug, Clone, Copy)]
pub struct Lock {
    pub until: u64,
    pub level: u64,
    /// Failures that began it.
    pub failures: u64,
}

/// Failures of one purpose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failures {
    pub codes: u64,
    pub guard: u64,
    /// Wrong codes since the last right one.
    pub run: u64,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// When each send or request was, and for which purpose.
    pub sends: Vec<(u64, usize)>,
    pub failures: BTreeMap<usize, Failures>,
    pub last_failure: u64,
    pub last_attempt: Option<u64>,
    /// Until when the code that was compared then is remembered.
    pub attempt_kept: u64,
    pub lock: Option<Lock>,
    pub disabled: bool,
}

impl Subject {
    /// Forgets what time has ended.
    pub fn settle(&mut self, rules: &Rules, now: u64) {
        let quiet = now - self.last_failure.min(now);
        for failures in self.failures.values_mut() {
            if quiet >= rules.memory {
                (failures.codes, failures.guard) = (0, 0);
            }
            if quiet >= RUN_MEMORY {
                failures.run = 0;
            }
        }
        if self.lock.is_some_and(|lock| now >= lock.until + rules.memory) {
            self.lock = None;
        }
    }

    /// The lock that runs.
    pub fn locked(&self, now: u64) -> Option<Lock> {
        self.lock.filter(|lock| lock.until > now)
    }

    /// Failures that count towards a lock.
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|of| of.codes + of.guard).sum()
    }

    /// Failures left before a lock.
    pub fn attempts_left(&self, rules: &Rules, now: u64) -> u64 {
        if self.disabled || self.locked(now).is_some() { 0 } else { rules.max_failures - self.failed() }
    }

    /// One more failure; whether it locks, whether it disables.
    pub fn fail(&mut self, rules: &Rules, now: u64, purpose: usize, guard: bool) -> (bool, bool) {
        let failures = self.failures.entry(purpose).or_default();
        if guard {
            failures.guard += 1;
        } else {
            (failures.codes, failures.run) = (failures.codes + 1, failures.run + 1);
        }
        (self.last_failure, self.last_attempt) = (now, Some(now));
        let (failed, run) = (self.failed(), self.failures.values().map(|of| of.run).sum::<u64>());
        let locks = failed >= rules.max_failures;
        let disables = !guard && rules.hard_stop > 0 && run >= rules.hard_stop;
        if locks {
            let level = if rules.progressive { self.lock.map_or(1, |lock| lock.level + 1) } else { 1 };
            self.lock = Some(Lock { until: now + rules.lock_length(level), level, failures: failed });
            for failures in self.failures.values_mut() {
                (failures.codes, failures.guard) = (0, 0);
            }
        }
        self.disabled |= disables;
        (locks, disables)
    }

    /// The `failures` item.
    pub fn failures_gauge(&self, rules: &Rules, now: u64) -> Gauge {
        let reset = match self.locked(now) {
            Some(lock) => lock.until - now,
            None if self.failed() > 0 => self.last_failure + rules.memory - now,
            None => 0,
        };
        Gauge {
            name: "failures",
            max: rules.max_failures,
            window: rules.memory.div_ceil(1000),
            left: self.attempts_left(rules, now),
            reset: reset.div_ceil(1000),
        }
    }

    /// Sends that share the budget of `purpose`.
    fn budget(&self, rules: &Rules, purpose: usize) -> Times {
        let own = rules.sends(purpose).1;
        let shares = |other: usize| if own { other == purpose } else { !rules.sends(other).1 };
        Times(self.sends.iter().filter(|(_, other)| shares(*other)).map(|(at, _)| *at).collect())
    }

    /// What the send quota leaves to `purpose`.
    pub fn room(&self, rules: &Rules, purpose: usize, now: u64) -> Option<Room> {
        self.budget(rules, purpose).room(rules.sends(purpose).0, now)
    }

    /// ms until the pause before the next send is over.
    pub fn pause(&self, rules: &Rules, purpose: usize, now: u64) -> u64 {
        let (cooldown, own) = rules.cooldown(purpose);
        let shares = |other: usize| if own { other == purpose } else { !rules.cooldown(other).1 };
        let last = self.sends.iter().filter(|(_, other)| shares(*other)).map(|(at, _)| *at).max();
        last.map_or(0, |at| (at + cooldown).saturating_sub(now))
    }

    /// Moments at which something of this subject ends.
    pub fn ends(&self, rules: &Rules) -> Vec<u64> {
        let mut ends = vec![self.last_failure + rules.memory];
        for (at, purpose) in &self.sends {
            ends.extend([at + rules.cooldown(*purpose).0, at + HOUR]);
            ends.extend(rules.sends(*purpose).0.map(|(_, window)| at + window));
        }
        ends.extend(self.lock.iter().flat_map(|lock| [lock.until, lock.until + rules.memory]));
        ends
    }
}

/// One code that was issued.
#[derive(Debug, Clone)]
pub struct Code {
    pub tenant: usize,
    pub door: Door,
    pub id: String,
    pub code: String,
    pub decoy: bool,
    pub issued: u64,
    pub lifetime: u64,
    /// How it ended, unless by time alone.
    pub ended: Option<&'static str>,
    /// The codes that it replaced while they were live, the last at the end.
    pub replaced: Vec<usize>,
}

impl Code {
    /// When it expires.
    pub fn expires(&self) -> u64 {
        self.issued + self.lifetime
    }

    /// `pending`, or how it ended; `None` once it is forgotten.
    pub fn status(&self, now: u64) -> Option<&'static str> {
        if now >= self.expires() + self.lifetime {
            return None;
        }
        Some(self.ended.unwrap_or(if now >= self.expires() { "expired" } else { "pending" }))
    }
}
