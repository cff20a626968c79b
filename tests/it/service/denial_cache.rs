//! Refusals from memory: what ages, what ends, what is counted.

use std::time::{Duration, Instant};

use otp_sidecar::{
    event::Kind,
    policy::Outcome,
    secret::Reference,
    service::denial_cache::{DenialCache, DenialKeys, FLOOD, LONGEST, Scope},
    store::{Limit, Lock, send::Sent},
};

/// Most refusals that are remembered.
const MOST: usize = 4096;

const SUBJECT: Reference = Reference([7; 16]);
const NETWORK: Reference = Reference([8; 16]);

fn sent(outcome: Outcome, wait: u64) -> Sent {
    Sent {
        outcome,
        now: 1_000_000,
        expires: 0,
        wait,
        subject_limit: Limit { left: Some(0), reset_ms: wait },
        pause: wait,
        network_limit: Limit { left: Some(0), reset_ms: wait },
        attempts_left: 3,
        resend: false,
        superseded: false,
        lock: Lock::default(),
        epoch: 1,
        generation: None,
        replaces: Vec::new(),
    }
}

fn asked(at: Instant) -> DenialKeys {
    DenialKeys { at, ..DenialKeys::new(Kind::Send, SUBJECT, [], Some(NETWORK)) }
}

fn flooded(outcome: Outcome, wait: u64, at: Instant) -> DenialCache<Sent> {
    let refusals = DenialCache::default();
    (0..FLOOD).for_each(|_| refusals.note(&asked(at), &sent(outcome, wait)));
    refusals
}

fn again(refusals: &DenialCache<Sent>, at: Instant) -> Option<(Sent, Scope)> {
    refusals.lookup(&asked(at), 5, |_| Vec::new())
}

#[test]
fn it_ages_and_ends_after_its_wait_or_a_second() {
    let t = Instant::now();
    let ms = |ms| t + Duration::from_millis(ms);
    let refusals = flooded(Outcome::ResendCooldown, 500, t);
    let (answer, owner) = again(&refusals, ms(400)).unwrap();
    assert_eq!((answer.now, answer.wait, answer.pause, answer.subject_limit.reset_ms), (1_000_400, 100, 100, 100));
    assert_eq!((answer.network_limit.reset_ms, owner), (100, Scope::Subject));
    assert!(again(&refusals, ms(499)).is_some());
    assert!(again(&refusals, ms(500)).is_none());
    let refusals = flooded(Outcome::SubjectDisabled, 0, t);
    assert!(again(&refusals, ms(999)).is_some());
    assert!(again(&refusals, ms(1000)).is_none());
}

#[test]
fn few_refusals_or_old_ones_are_no_flood() {
    let t = Instant::now();
    let refusals = DenialCache::default();
    for n in 0..3 * u64::from(FLOOD) {
        let at = t + Duration::from_millis(2001 * n);
        refusals.note(&asked(at), &sent(Outcome::QuotaSubject, 60_000));
        assert!(again(&refusals, at).is_none());
    }
    let refusals = flooded(Outcome::QuotaSubject, 60_000, t);
    let now = t + Duration::from_millis(1);
    refusals.forget(&SUBJECT, now);
    assert!(again(&refusals, now).is_none());
    (0..2 * FLOOD).for_each(|_| refusals.note(&asked(t), &sent(Outcome::QuotaSubject, 60_000)));
    assert!(again(&refusals, now).is_none(), "refused before it was forgotten");
}

#[test]
fn what_hangs_on_a_network_is_remembered_for_it_and_counted_once_each() {
    let t = Instant::now();
    let refusals = flooded(Outcome::QuotaIp, 60_000, t);
    for _ in 0..5 {
        assert_eq!(again(&refusals, t).unwrap().1, Scope::Network);
    }
    let gathered = refusals.suppressed(t);
    assert_eq!(gathered.iter().map(|g| (g.reference, g.count, g.failures)).collect::<Vec<_>>(), [(NETWORK, 5, 0)]);
    assert!(refusals.suppressed(t).is_empty());
    let own = flooded(Outcome::SubjectLocked, 60_000, t);
    again(&own, t).unwrap();
    assert_eq!(
        own.suppressed(t).iter().map(|g| (g.reference, g.count, g.failures)).collect::<Vec<_>>(),
        [(SUBJECT, 1, 2)]
    );
}

#[test]
fn memory_is_bounded_and_given_back() {
    let t = Instant::now();
    let refusals = DenialCache::default();
    let of = |n: usize, at: Instant| {
        let mut asked = asked(at);
        asked.subject.reference.0[..8].copy_from_slice(&n.to_be_bytes());
        asked
    };
    let flood = |n: usize, at: Instant| {
        (0..FLOOD).for_each(|_| refusals.note(&of(n, at), &sent(Outcome::SubjectLocked, 60_000)));
        refusals.lookup(&of(n, at), 5, |_| Vec::new()).is_some()
    };
    assert_eq!((0..2 * MOST).filter(|n| flood(*n, t)).count(), MOST);
    let later = t + 3 * LONGEST;
    refusals.suppressed(later);
    assert_eq!((2 * MOST..4 * MOST).filter(|n| flood(*n, later)).count(), MOST);
}
