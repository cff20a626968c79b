//! What a seed decides: what each client asks, and which faults come after how many calls.

use crate::support::Chance;

/// Clients at work at once.
pub const CLIENTS: usize = 6;
pub const SIDECARS: usize = 2;
/// Whom all of them are about: so few that they meet each other all the time.
pub const SUBJECTS: [&str; 5] = [
    "ada.lovelace@simulated.example",
    "bob.bemer@simulated.example",
    "cyd.charisse@simulated.example",
    "dan.bricklin@simulated.example",
    "eve.arden@simulated.example",
];
pub const PURPOSES: [&str; 2] = ["login", "pay"];
pub const IPS: [&str; 3] = ["203.0.113.171", "203.0.113.172", "198.51.100.173"];
/// Older codes than this many are not tried again.
const OLD: usize = 3;
/// The longest that a client rests between two calls, ms.
const REST_MS: usize = 16;

/// What the store is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Single,
    Sentinel,
    Cluster,
}

/// One thing that a client does.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub sidecar: usize,
    pub subject: usize,
    pub purpose: usize,
    pub ip: usize,
    pub step: Step,
    /// Comes with an `Idempotency-Key`, and again with the same at the other sidecar if there was no answer.
    pub key: bool,
    /// And even if there was.
    pub again: bool,
    pub rest_ms: u64,
}

/// See [`Turn`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    Send,
    /// A code of so many sends ago, the right one or one that many further on, by its id or by subject and purpose.
    Check {
        back: usize,
        off: u64,
        by_subject: bool,
    },
    Cancel,
    Report,
    Request,
    Failure,
    Success,
    Status,
    Lock,
    Unlock,
}

/// One fault; which of those that a world knows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// A sidecar is killed and started anew.
    KillSidecar(usize),
    /// A sidecar stands still.
    FreezeSidecar { sidecar: usize, ms: u64 },
    /// One sidecar's connections to the server are reset, or lead nowhere.
    Partition { sidecar: usize, reset: bool, ms: u64 },
    /// Scripts of one sidecar run, and some answers do not arrive.
    LoseAnswers { sidecar: usize, calls: usize },
    /// The server stands still.
    Freeze { ms: u64 },
    /// The server is killed, and started anew on its append-only file.
    Restart,
    /// The server forgets all scripts.
    ForgetScripts,
    /// The replicas are cut off; so many calls later the primary is killed, and perhaps a sidecar, which is started anew.
    LossyFailover { calls: usize, forgets: Option<usize> },
    /// The primary stands still until a replica has taken over, and goes on as what it was.
    FreezePrimary,
    /// A replica takes over from a primary that works.
    PlannedFailover,
    /// The primary of a subject is killed; a replica takes over.
    KillPrimaryOf { subject: usize },
    /// By hand a replica takes over while the primary of a subject stands still, which then goes on as what it was.
    TakeOver { subject: usize },
    /// The slot of a subject goes to another primary while it is asked for.
    MoveSlotOf { subject: usize, by: usize },
}

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub seed: u64,
    pub kind: Kind,
    /// Each after so many calls.
    pub faults: Vec<(usize, Fault)>,
    /// After the last fault.
    pub rest: usize,
}

impl Plan {
    /// The plan of a seed for this kind of store.
    pub fn of(seed: u64, kind: Kind) -> Self {
        let mut chance = Chance(seed ^ 0xfa17);
        let many = match kind {
            Kind::Single => 6,
            Kind::Sentinel => 2,
            Kind::Cluster => 3,
        };
        let mut faults: Vec<Fault> = (0..many).map(|_| fault(kind, &mut chance)).collect();
        // What each kind is there for is never left out.
        let must = match kind {
            Kind::Single => Fault::Restart,
            Kind::Sentinel => lossy(&mut chance),
            Kind::Cluster => Fault::KillPrimaryOf { subject: chance.below(SUBJECTS.len()) },
        };
        let same = |fault: &Fault| std::mem::discriminant(fault) == std::mem::discriminant(&must);
        if !faults.iter().any(same) {
            faults[chance.below(many)] = must;
        }
        if kind == Kind::Cluster && !faults.iter().any(|fault| matches!(fault, Fault::MoveSlotOf { .. })) {
            faults.push(moved(&mut chance));
        }
        let faults = faults.into_iter().map(|fault| (40 + chance.below(80), fault)).collect();
        Self { seed, kind, faults, rest: 100 + chance.below(60) }
    }

    /// What one client does, turn by turn, without end.
    pub fn turns(&self, client: usize) -> impl Iterator<Item = Turn> + Send + use<> {
        let mut chance = Chance(self.seed ^ (client as u64 + 1) << 40);
        std::iter::from_fn(move || Some(turn(&mut chance)))
    }
}

fn turn(chance: &mut Chance) -> Turn {
    // Some are asked about far more often than others.
    let subject = chance.below(SUBJECTS.len()).min(chance.below(SUBJECTS.len()));
    let step = step(chance);
    let key = matches!(step, Step::Send | Step::Check { .. }) && chance.one_in(3);
    Turn {
        sidecar: chance.below(SIDECARS),
        subject,
        purpose: chance.below(PURPOSES.len()),
        ip: chance.below(IPS.len()),
        step,
        key,
        again: key && chance.one_in(2),
        rest_ms: chance.below(REST_MS) as u64,
    }
}

fn step(chance: &mut Chance) -> Step {
    let check = |chance: &mut Chance, off| Step::Check {
        back: if chance.one_in(5) { chance.below(OLD) } else { 0 },
        off,
        by_subject: chance.one_in(3),
    };
    match chance.below(100) {
        0..=33 => Step::Send,
        34..=46 => check(chance, 0),
        47..=77 => {
            let off = 1 + chance.below(100_000) as u64;
            check(chance, off)
        }
        78..=81 => Step::Cancel,
        82 => Step::Report,
        83..=84 => Step::Request,
        85..=89 => Step::Failure,
        90..=91 => Step::Success,
        92..=94 => Step::Status,
        95 => Step::Lock,
        _ => Step::Unlock,
    }
}

fn fault(kind: Kind, chance: &mut Chance) -> Fault {
    let (sidecar, subject) = (chance.below(SIDECARS), chance.below(SUBJECTS.len()));
    let ms = 100 + chance.below(900) as u64;
    let any = [Fault::KillSidecar(sidecar), Fault::FreezeSidecar { sidecar, ms }];
    let own = match kind {
        Kind::Single => vec![
            Fault::Partition { sidecar, reset: chance.one_in(2), ms },
            Fault::LoseAnswers { sidecar, calls: 3 + chance.below(5) },
            Fault::Freeze { ms },
            Fault::Restart,
            Fault::ForgetScripts,
        ],
        Kind::Sentinel => vec![lossy(chance), Fault::FreezePrimary, Fault::PlannedFailover],
        Kind::Cluster => {
            vec![Fault::KillPrimaryOf { subject }, Fault::TakeOver { subject }, moved(chance), moved(chance)]
        }
    };
    if chance.one_in(3) { chance.pick(&any) } else { chance.pick(&own) }
}

fn lossy(chance: &mut Chance) -> Fault {
    let forgets = chance.one_in(2).then(|| chance.below(SIDECARS));
    Fault::LossyFailover { calls: 50 + chance.below(150), forgets }
}

fn moved(chance: &mut Chance) -> Fault {
    Fault::MoveSlotOf { subject: chance.below(SUBJECTS.len()), by: 1 + chance.below(2) }
}

#[test]
fn a_seed_is_a_plan_and_another_seed_another() {
    for kind in [Kind::Single, Kind::Sentinel, Kind::Cluster] {
        assert_eq!(Plan::of(7, kind), Plan::of(7, kind));
        assert_ne!(Plan::of(7, kind).faults, Plan::of(8, kind).faults);
    }
    let of = |seed, client| Plan::of(seed, Kind::Single).turns(client).take(100).collect::<Vec<_>>();
    assert_eq!(of(7, 0), of(7, 0));
    assert_ne!(of(7, 0), of(7, 1));
    assert_ne!(of(7, 0), of(8, 0));
}
