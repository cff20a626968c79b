//! What happens to two subjects: calls, and time.

use proptest::{prelude::*, sample::select};

/// Most steps of one sequence.
const STEPS: usize = 60;

/// Steps of time: mostly short, now and then over the edges of pauses, lifetimes, windows and memories; one backwards.
const SHORT: [i64; 6] = [0, 1, 400, 5_001, 60_000, -5_000];
const LONG: [i64; 6] = [300_000, 600_000, 3_600_000, 7_200_001, 14_400_000, 86_400_000];

/// One call, or something that happens between two.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Send { subject: u8, purpose: u8, ip: Option<u8>, answer: Option<u8>, wide: bool },
    Check { subject: u8, purpose: u8, ip: Option<u8>, answer: Option<u8>, right: bool, by_id: bool, odd: u8 },
    Claim { subject: u8 },
    GuardRequest { subject: u8, purpose: u8, ip: Option<u8> },
    GuardFailure { subject: u8, purpose: u8, ip: Option<u8> },
    Cancel { subject: u8 },
    Deliver { subject: u8 },
    Epoch,
    Pass { ms: i64 },
}

/// Any sequence of them.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let subject = || prop_oneof![9 => Just(65_u8), 1 => Just(66)];
    let purpose = || prop_oneof![12 => Just(0_u8), 1 => Just(1)];
    let ip = || prop::option::weighted(0.7, select(vec![70_u8, 71]));
    let answer = || prop::option::weighted(0.2, 80_u8..90);
    let guard = || (subject(), purpose(), ip());
    let send = (subject(), purpose(), ip(), answer(), prop::bool::weighted(0.1))
        .prop_map(|(subject, purpose, ip, answer, wide)| Step::Send { subject, purpose, ip, answer, wide });
    let odd = prop_oneof![8 => Just(0_u8), 1 => 1_u8..8];
    let check = (subject(), purpose(), ip(), answer(), prop::bool::weighted(0.3), any::<bool>(), odd).prop_map(
        |(subject, purpose, ip, answer, right, by_id, odd)| Step::Check {
            subject,
            purpose,
            ip,
            answer,
            right,
            by_id,
            odd,
        },
    );
    let step = prop_oneof![
        14 => send,
        28 => check,
        1 => subject().prop_map(|subject| Step::Claim { subject }),
        6 => guard().prop_map(|(subject, purpose, ip)| Step::GuardRequest { subject, purpose, ip }),
        6 => guard().prop_map(|(subject, purpose, ip)| Step::GuardFailure { subject, purpose, ip }),
        1 => subject().prop_map(|subject| Step::Cancel { subject }),
        1 => subject().prop_map(|subject| Step::Deliver { subject }),
        1 => Just(Step::Epoch),
        14 => select(SHORT.to_vec()).prop_map(|ms| Step::Pass { ms }),
        2 => select(LONG.to_vec()).prop_map(|ms| Step::Pass { ms }),
    ];
    prop::collection::vec(step, 1..STEPS)
}
