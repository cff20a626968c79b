//! What may happen in a sequence. Everything is named by small numbers, so that sequences shrink and can be written down.

use proptest::prelude::*;

/// Subjects, spellings, purposes, networks and keys are numbers that wrap around in the pool of each.
#[derive(Debug, Clone)]
pub enum Op {
    Send {
        who: Who,
        net: Net,
        decoy: bool,
        key: Option<u8>,
    },
    Check {
        find: Find,
        guess: Guess,
        net: Net,
        key: Option<u8>,
    },
    /// The last call with a key, once more as it was.
    Again,
    /// The same key and place as the last call with a key, another body.
    Reuse,
    Get(Pick),
    Cancel(Pick),
    Deliver(Pick, bool),
    Report(Pick),
    Status(Who),
    GuardRequest(Who, Net),
    GuardFailure(Who, Net),
    GuardSuccess(Who),
    /// An operator unlocks a subject.
    Unlock(Who),
    /// An operator forgets the failures of a network of this subject's tenant.
    Unblock(Who, (u8, u8)),
    /// An operator locks a subject for so many minutes, at least one.
    Lock(Who, u8),
    /// ms
    Wait(u64),
    /// Until the n-th moment from now at which something ends, and so many ms from it.
    Until(u8, i8),
    /// From now on the other sidecar is asked.
    Switch,
    /// The sidecar is ended, by SIGKILL or else SIGTERM, and started again.
    Restart {
        kill: bool,
    },
}

/// A subject with a spelling, and a purpose.
#[derive(Debug, Clone, Copy)]
pub struct Who(pub u8, pub u8, pub u8);

/// The client's network, in one of two notations; none where the call names no address.
pub type Net = Option<(u8, u8)>;

/// One of the codes issued so far, counted back from the last.
#[derive(Debug, Clone, Copy)]
pub struct Pick {
    pub back: u8,
    /// Asked for by the other tenant.
    pub foreign: bool,
}

/// How a check names what it is about.
#[derive(Debug, Clone, Copy)]
pub enum Find {
    Id(Pick),
    Subject(Who),
    /// Subject, spelling and purpose of this code.
    SubjectOf(Pick),
    Both(Pick),
    /// An id, and a purpose or subject beside it that may be another's.
    IdAndPurpose(Pick, u8),
    IdAndSubject(Pick, Who),
    /// An id that never was, with or without a purpose.
    Forged(Option<u8>),
}

/// What is typed.
#[derive(Debug, Clone, Copy)]
pub enum Guess {
    Right,
    /// With white space around it.
    Padded,
    Wrong(u8),
    /// The code of another verification.
    Of(Pick),
    /// The code of the same user and purpose that came so many before.
    Older(u8),
    /// No code at all, of several kinds.
    Malformed(u8),
}

fn who() -> impl Strategy<Value = Who> {
    // One subject most of the time, else no limit is ever met.
    let subject = prop_oneof![5 => Just(0u8), 2 => Just(1), 2 => Just(2)];
    let spelling = prop_oneof![5 => Just(0u8), 1 => Just(1)];
    let purpose = prop_oneof![3 => Just(0u8), 4 => any::<u8>()];
    (subject, spelling, purpose).prop_map(|(subject, spelling, purpose)| Who(subject, spelling, purpose))
}

fn net() -> impl Strategy<Value = Net> {
    prop_oneof![1 => Just(None), 24 => (0..3u8, 0..2u8).prop_map(Some)]
}

fn pick() -> impl Strategy<Value = Pick> {
    let back = prop_oneof![4 => Just(0u8), 2 => Just(1), 3 => 2..12u8];
    (back, prop::bool::weighted(0.04)).prop_map(|(back, foreign)| Pick { back, foreign })
}

fn find() -> impl Strategy<Value = Find> {
    prop_oneof![
        10 => pick().prop_map(Find::Id),
        2 => who().prop_map(Find::Subject),
        4 => pick().prop_map(Find::SubjectOf),
        2 => pick().prop_map(Find::Both),
        1 => (pick(), any::<u8>()).prop_map(|(pick, purpose)| Find::IdAndPurpose(pick, purpose)),
        1 => (pick(), who()).prop_map(|(pick, who)| Find::IdAndSubject(pick, who)),
        1 => prop::option::of(any::<u8>()).prop_map(Find::Forged),
    ]
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![
        6 => Just(Guess::Right),
        1 => Just(Guess::Padded),
        12 => any::<u8>().prop_map(Guess::Wrong),
        2 => pick().prop_map(Guess::Of),
        3 => (1..4u8).prop_map(Guess::Older),
        1 => any::<u8>().prop_map(Guess::Malformed),
    ]
}

fn key() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![4 => Just(None), 1 => (0..3u8).prop_map(Some)]
}

/// One step.
pub fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        24 => (who(), net(), prop::bool::weighted(0.06), key())
            .prop_map(|(who, net, decoy, key)| Op::Send { who, net, decoy, key }),
        32 => (find(), guess(), net(), key()).prop_map(|(find, guess, net, key)| Op::Check { find, guess, net, key }),
        4 => Just(Op::Again),
        1 => Just(Op::Reuse),
        4 => pick().prop_map(Op::Get),
        3 => pick().prop_map(Op::Cancel),
        2 => (pick(), any::<bool>()).prop_map(|(pick, delivered)| Op::Deliver(pick, delivered)),
        1 => pick().prop_map(Op::Report),
        6 => who().prop_map(Op::Status),
        3 => (who(), net()).prop_map(|(who, net)| Op::GuardRequest(who, net)),
        4 => (who(), net()).prop_map(|(who, net)| Op::GuardFailure(who, net)),
        2 => who().prop_map(Op::GuardSuccess),
        3 => who().prop_map(Op::Unlock),
        1 => (who(), (0..3u8, 0..2u8)).prop_map(|(who, net)| Op::Unblock(who, net)),
        1 => (who(), 0..3u8).prop_map(|(who, minutes)| Op::Lock(who, minutes)),
        3 => prop_oneof![0..500u64, 500..5_000u64, 5_000..100_000u64].prop_map(Op::Wait),
        20 => (prop_oneof![6 => 0..2u8, 1 => 0..24u8], -1..=1i8).prop_map(|(nth, offset)| Op::Until(nth, offset)),
        3 => Just(Op::Switch),
    ]
}

/// A sequence of up to `most` steps, in which a sidecar is sometimes ended once.
pub fn sequence(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let restart = prop::option::weighted(0.08, (any::<prop::sample::Index>(), any::<bool>()));
    (prop::collection::vec(op(), 1..most), restart).prop_map(|(mut ops, restart)| {
        if let Some((at, kill)) = restart {
            ops.insert(at.index(ops.len()), Op::Restart { kill });
        }
        ops
    })
}
