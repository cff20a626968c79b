//! Whether trails are as they were written.
//!
//! Each trail is followed line by line ([`trail`]) and held against its checkpoints, in it and elsewhere (`witness`); then
//! all of them are put together (`together`). A file is read as it lies, line by line: what grows with a trail is only the
//! set of its events, which is kept as ranges.

pub mod finding;
mod signed;
mod together;
pub mod trail;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{thread, time::Duration};

use serde::Serialize;

use super::trail::{Checkpoint, EventId, Exported, Handover, Place, Position, Ranges, Role, create};
use crate::secret::PublicKey;
use finding::{Finding, Kind, Spot};
use signed::Signed;
use witness::Witnessed;

/// So often, and so long apart, is a trail asked whether it was merely looked at too early.
const TRIES: u32 = 100;
const APART: Duration = Duration::from_millis(2);
/// Trails that are being written, or that retention takes segments from, may change while they are read: then they are read
/// again, so often.
const READS: usize = 10;

/// What to verify, and with what.
#[derive(Debug, Default)]
pub struct Given {
    /// Trails, or directories of trails.
    pub dirs: Vec<PathBuf>,
    /// Checks signatures; `None` = each trail's own key is believed.
    pub public: Option<PublicKey>,
    /// Whether that key merely lay there, so that it may be other trails'.
    pub guessed: bool,
    /// Where checkpoints are that were kept elsewhere.
    pub witness: Option<PathBuf>,
    /// Up to where events went, and where to, as the store has it, by bucket; asked before anything was read here.
    pub store: Option<BTreeMap<u8, Exported>>,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub sound: bool,
    /// Trail by trail.
    pub trails: Vec<Checked>,
    /// Different events in all of them.
    pub events: u64,
    /// How often one was there again, as after a crash.
    pub repeats: u64,
    /// Events that were given up because nobody could write them, as the trails say.
    pub shed: u64,
    /// Buckets whose history was cut, and how many epochs each has.
    pub forks: BTreeMap<u8, usize>,
    /// Trails with events between those given, that never were in these directories, and their hosts.
    pub elsewhere: BTreeMap<String, String>,
    /// Whether all trails are sound in themselves, so that they were put together.
    pub merged: bool,
    /// Whether something from elsewhere told how far the trails went, so that an end that was taken away is found.
    pub ends_checked: bool,
    /// All that is wrong, in the order it was found.
    pub findings: Vec<Finding>,
}

/// What was found in one trail.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub trail: String,
    /// Segments read.
    pub segments: u32,
    /// Lines read.
    pub lines: u64,
    /// Different events in them.
    pub events: u64,
    /// Times of the earliest and latest event, ms since 1970.
    pub times: Option<(u64, u64)>,
    /// Marks read.
    pub marks: u64,
    /// Segments that went by retention.
    pub removed: u32,
    /// Bytes behind the last line: a write that is under way, or was when the sidecar was killed.
    pub unfinished: u64,
    /// Whether the trail's own public key was believed.
    pub believed: bool,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// What is held against the others.
    #[serde(skip)]
    pub content: Content,
}

/// What one trail has.
#[derive(Debug, Default)]
pub struct Content {
    /// How far its head says that it goes.
    pub n: u64,
    /// Where it was kept, by the first line of its last segment.
    pub place: Place,
    /// Its events, and those that it has more than once.
    pub ranges: Ranges,
    /// See above.
    pub twice: Ranges,
    /// How many events were given up, by the events that say so.
    pub shed: BTreeMap<EventId, u64>,
    /// The last event of each bucket that it had, those that went by retention among them.
    pub last: BTreeMap<u8, Position>,
    /// The last event of each bucket that went by retention.
    pub gone: BTreeMap<u8, Position>,
    /// What others wrote before its events.
    pub handovers: Vec<Before>,
    /// How far other trails went that lay beside it, and where it says so.
    pub seen: BTreeMap<String, Beside>,
}

/// A handover, and what it stands before.
#[derive(Debug, Clone)]
pub struct Before {
    /// Where.
    pub spot: Spot,
    /// What it says.
    pub told: Handover,
    /// The event behind it.
    pub next: Option<Position>,
}

/// A trail that lay beside another.
#[derive(Debug, Clone)]
pub struct Beside {
    /// How far it went.
    pub n: u64,
    /// Where that is said.
    pub spot: Spot,
}

/// Verifies.
pub fn verify(given: &Given) -> Report {
    // First, so that a trail that goes on meanwhile has all that is told of it elsewhere.
    let witnessed = match given.witness.as_deref().map(|path| Witnessed::read(path, given)).transpose() {
        Ok(witnessed) => witnessed.unwrap_or_default(),
        Err(finding) => return Report { findings: vec![finding], ..Report::default() },
    };
    let mut reads = 0;
    loop {
        let (dirs, findings) = directories(given);
        // Where a bucket's events just pass from one to another, one of them may have been looked at too early.
        let look = || -> Vec<Signed> { dirs.iter().map(|dir| signed::read(dir, given)).collect() };
        let heads = look();
        let report = report(given, &dirs, &heads, &witnessed, findings);
        reads += 1;
        if report.sound || reads >= READS || far(&look()) == far(&heads) {
            return report;
        }
    }
}

/// The last line of each trail, and the last segment that went.
fn far(heads: &[Signed]) -> Vec<Option<(u64, u32)>> {
    heads.iter().map(|head| head.as_ref().ok().map(|told| (told.head.n, told.removed.segment))).collect()
}

fn report(
    given: &Given,
    dirs: &[PathBuf],
    heads: &[Signed],
    witnessed: &Witnessed,
    mut findings: Vec<Finding>,
) -> Report {
    let checked = dirs.iter().zip(heads).map(|(dir, head)| trail::check(dir, head, given, witnessed));
    let trails: Vec<Checked> = checked.collect();
    findings.extend(trails.iter().flat_map(|trail| trail.findings.clone()));
    findings.extend(twice(&trails));
    // Whether all trails that lie side by side were given.
    let whole = given.dirs.iter().any(|dir| !is_trail(dir));
    findings.extend(witnessed.left_out(&trails).filter(|_| whole));
    let (merged, ends_checked) = (findings.is_empty(), given.witness.is_some() || given.store.is_some());
    let mut report = Report { merged, ends_checked, ..Report::default() };
    if merged {
        together::put(&trails, given.store.as_ref(), whole, &mut report);
    }
    findings.append(&mut report.findings);
    Report { sound: findings.is_empty(), trails, findings, ..report }
}

/// The trails that were given, and what is wrong with the directories.
fn directories(given: &Given) -> (Vec<PathBuf>, Vec<Finding>) {
    let (mut dirs, mut findings) = (Vec::new(), Vec::new());
    for dir in &given.dirs {
        match create::all(dir) {
            _ if is_trail(dir) => dirs.push(dir.clone()),
            Ok(found) if found.is_empty() => {
                findings.push(Finding::of(Kind::Unreadable, dir, "there is no trail in it"));
            }
            Ok(found) => dirs.extend(found),
            Err(error) => findings.push(Finding::unreadable(dir, &error)),
        }
    }
    (dirs, findings)
}

/// Whether it is a trail itself: it may have lost its head, and a copy its name.
fn is_trail(dir: &Path) -> bool {
    create::id_of(dir).is_some() || dir.join(Role::Head.file()).exists()
}

/// The first trail that was given twice.
fn twice(trails: &[Checked]) -> Option<Finding> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let again = trails.iter().find(|trail| !trail.trail.is_empty() && !seen.insert(&trail.trail))?;
    let what = format!("another of those given is trail-{} as well", again.trail);
    Some(Finding::of(Kind::Unreadable, &again.path, what))
}

/// Whether a trail's head tells of this line by now. It may just be written, by a writer that has to wait for its turn.
fn tells_of(dir: &Path, public: &PublicKey, n: u64) -> bool {
    (0..TRIES).any(|tried| {
        if tried > 0 {
            thread::sleep(APART);
        }
        Checkpoint::read(dir, Role::Head, public).ok().flatten().is_some_and(|head| head.n >= n)
    })
}
