//! The formula beside a search through all that can be done, second by second.

use std::{collections::HashMap, time::Duration};

use otp_sidecar::policy::{LockoutPolicy, PurposePolicy, Quota, code::Shape, pace::comparisons_a_year};

/// A year in seconds.
const YEAR: f64 = 365.0 * 86_400.0;

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn lockout(max_failures: u16, first: u64, (factor, cap): (f64, u64), memory: u64) -> LockoutPolicy {
    LockoutPolicy {
        max_failures,
        first: seconds(first),
        progressive: factor > 1.0,
        factor,
        cap: seconds(cap),
        memory: seconds(memory),
        hard_stop: 0,
    }
}

fn purpose(sends: Option<(u32, u64)>, cooldown: u64, lifetime: u64) -> PurposePolicy {
    PurposePolicy {
        shape: Shape { length: 6, alphabet: "0123456789".into() },
        lifetime: seconds(lifetime),
        cooldown: seconds(cooldown),
        own_cooldown: false,
        sends: sends.map(|(max, window)| Quota { max, window: seconds(window) }),
        own_sends: false,
    }
}

/// What the store keeps of a subject, in whole seconds from now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Record {
    failures: u16,
    /// Since the last failure.
    since_failure: u64,
    level: u8,
    /// Until the lock ends.
    locked: u64,
    /// Since the last lock ended.
    since_lock: u64,
    /// How long the pending code still lives; 0 = there is none.
    code: u64,
    /// Since each send in the quota's window, newest first.
    sends: Vec<u64>,
}

/// Every choice at every second, by the rules as the scripts have them (`lua/settle.lua`, `lua/lib/lock.lua`).
struct Search<'a> {
    lockout: &'a LockoutPolicy,
    purpose: &'a PurposePolicy,
    known: HashMap<(u64, Record), u32>,
}

impl Search<'_> {
    /// The most comparisons within `left` seconds.
    fn best(&mut self, left: u64, record: &Record) -> u32 {
        if left == 0 {
            return 0;
        }
        let record = &relevant(record, left);
        let key = (left, record.clone());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut most = self.best(left - 1, &self.second_later(record));
        if record.locked == 0 {
            if let Some(sent) = self.sent(record) {
                most = most.max(self.best(left, &sent));
            }
            if record.code > 0 {
                most = most.max(1 + self.best(left, &self.compared(record)));
            }
        }
        self.known.insert(key, most);
        most
    }

    fn sent(&self, record: &Record) -> Option<Record> {
        if record.code > 0 && self.purpose.sends.is_none() && self.purpose.cooldown.is_zero() {
            return None; // Another one is to be had at any time.
        }
        if record.code == self.purpose.lifetime.as_secs() {
            return None; // Sent this very second.
        }
        let paused = record.sends.first().is_some_and(|ago| *ago < self.purpose.cooldown.as_secs());
        let full = self.purpose.sends.is_some_and(|quota| record.sends.len() >= quota.max as usize);
        let mut sent = record.clone();
        sent.sends.insert(0, 0);
        sent.code = self.purpose.lifetime.as_secs();
        (!paused && !full).then_some(sent)
    }

    fn compared(&self, record: &Record) -> Record {
        let mut wrong = record.clone();
        wrong.failures += 1;
        wrong.since_failure = 0;
        if wrong.failures >= self.lockout.max_failures {
            wrong.level = if self.lockout.progressive { wrong.level + 1 } else { 1 };
            wrong.locked = self.lockout.duration(wrong.level).as_secs();
            (wrong.failures, wrong.code, wrong.since_lock) = (0, 0, 0);
        }
        wrong
    }

    fn second_later(&self, record: &Record) -> Record {
        let memory = self.lockout.memory.as_secs();
        let mut next = record.clone();
        next.code = next.code.saturating_sub(1);
        next.since_failure = (next.since_failure + 1).min(memory);
        if next.since_failure >= memory {
            next.failures = 0;
        }
        if next.locked > 0 {
            next.locked -= 1;
        } else {
            next.since_lock = (next.since_lock + 1).min(memory);
        }
        if next.locked == 0 && next.since_lock >= memory {
            next.level = 0;
        }
        let kept = self.purpose.sends.map_or(self.purpose.cooldown.as_secs(), |quota| quota.window.as_secs());
        next.sends = next.sends.iter().map(|ago| ago + 1).filter(|ago| *ago < kept).collect();
        next
    }
}

/// Without what makes no difference any more.
fn relevant(record: &Record, left: u64) -> Record {
    let mut record = record.clone();
    record.code = record.code.min(left);
    if record.failures == 0 {
        record.since_failure = 0;
    }
    if record.level == 0 {
        record.since_lock = 0;
    }
    record
}

#[test]
fn nobody_is_faster_than_the_formula_and_whoever_is_patient_comes_near() {
    const SECONDS: u64 = 90;
    let free = purpose(None, 0, 1_000);
    for (lockout, purpose, exact) in [
        // Always the same lock; then growing ones, with the memory short and long beside them.
        (lockout(3, 4, (1.0, 4), 40), free.clone(), true),
        (lockout(3, 10, (1.0, 10), 5), free.clone(), true),
        (lockout(3, 2, (2.0, 16), 6), free.clone(), true),
        (lockout(2, 1, (3.0, 27), 4), free.clone(), true),
        (lockout(5, 3, (2.0, 12), 12), free.clone(), true),
        (lockout(1, 2, (2.0, 32), 3), free.clone(), true),
        (lockout(4, 6, (1.5, 20), 2), free, true),
        // Codes are what is scarce.
        (lockout(3, 1, (1.0, 1), 20), purpose(Some((1, 15)), 0, 5), true),
        (lockout(3, 1, (1.0, 1), 20), purpose(None, 12, 12), true),
        (lockout(3, 2, (1.0, 2), 4), purpose(Some((1, 30)), 0, 9), false),
        (lockout(2, 2, (2.0, 8), 6), purpose(Some((2, 14)), 3, 4), false),
    ] {
        let mut search = Search { lockout: &lockout, purpose: &purpose, known: HashMap::new() };
        let found = f64::from(search.best(SECONDS, &Record::default()));
        let told = comparisons_a_year(&lockout, &purpose) / YEAR * SECONDS as f64;
        // The first round comes at once, and the last may not be over: so many comparisons, or as one window's codes take.
        let growing = (1..=u8::MAX).take_while(|level| lockout.duration(*level) < lockout.duration(u8::MAX)).count();
        let codes = purpose.sends.map_or(1, |quota| quota.max);
        let saved = f64::from(lockout.max_failures) * (growing as f64 + 1.0 + f64::from(codes));
        assert!(found <= told + saved, "{found} of {told} + {saved}: {lockout:?} {purpose:?}");
        assert!(!exact || found >= told - saved, "{found} of {told} - {saved}: {lockout:?} {purpose:?}");
    }
}

#[test]
fn the_presets_have_the_paces_that_the_documents_name() {
    let day = 86_400;
    // `balanced`: 5 for each half hour, of at most 5 codes an hour.
    let balanced = comparisons_a_year(&lockout(5, 1_800, (1.0, day), day), &purpose(Some((5, 3_600)), 60, 600));
    assert_eq!(balanced.round(), 87_600.0);
    // `hardened`, were there no hard stop: five locks of 15 minutes to 4 hours and a day's rest.
    let hardened = comparisons_a_year(&lockout(5, 900, (2.0, day), day), &purpose(Some((3, 3_600)), 60, 300));
    assert_eq!(hardened.round(), (29.0 * YEAR / (900.0 * 31.0 + 86_400.0)).round());
}
