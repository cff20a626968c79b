//! Whether trails are as they were written.
//!
//! Each trail is followed line by line ([`trail`]) and held against its checkpoints, in it and elsewhere (`witness`); then
//! all of them are put together (`together`). A file is read as it lies, line by line: what grows with a trail is only the
//! set of its events, which is kept as ranges.

pub mod checked;
mod conflict;
pub mod finding;
mod signed;
mod together;
pub mod trail;
mod witness;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde::Serialize;

use super::trail::{
    checkpoint::{Checkpoint, Role},
    create,
    record::Exported,
};
use crate::secret::PublicKey;
use checked::Checked;
use finding::{Finding, Kind, Spot};
use signed::Signed;
use witness::Witnessed;

/// So often are trails asked how far they go: a look takes microseconds, and between two writes lie milliseconds.
const LOOKS: usize = 1000;
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
        let heads = heads(&dirs, given);
        let report = report(given, &dirs, &heads, &witnessed, findings);
        reads += 1;
        if report.sound || reads >= READS || far(&look(&dirs, given)) == far(&heads) {
            return report;
        }
    }
}

fn look(dirs: &[PathBuf], given: &Given) -> Vec<Signed> {
    dirs.iter().map(|dir| signed::read(dir, given)).collect()
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
    let trails: Vec<Checked> =
        dirs.iter().zip(heads).map(|(dir, head)| trail::check(dir, head, given, witnessed)).collect();
    findings.extend(trails.iter().flat_map(|trail| trail.findings.clone()));
    findings.extend(twice(&trails));
    let whole = whole_directory(given);
    if whole {
        findings.extend(witnessed.left_out(&trails));
    }
    let merged = findings.is_empty();
    let ends_checked = given.witness.is_some() || given.store.is_some();
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
        if is_trail(dir) {
            dirs.push(dir.clone());
            continue;
        }
        match create::all(dir) {
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

/// Whether all trails that lie side by side were given.
fn whole_directory(given: &Given) -> bool {
    given.dirs.iter().any(|dir| !is_trail(dir))
}

/// How far trails went at one moment: where the events of a bucket pass from one to another, what came before must not be
/// looked for in a trail that was looked at too early. They are asked until none has moved since it was asked before.
fn heads(dirs: &[PathBuf], given: &Given) -> Vec<Signed> {
    let mut now = look(dirs, given);
    for _ in 0..LOOKS {
        let before = std::mem::replace(&mut now, look(dirs, given));
        if far(&before) == far(&now) {
            break;
        }
    }
    now
}

/// The first trail that was given twice.
fn twice(trails: &[Checked]) -> Option<Finding> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let again = trails.iter().find(|trail| !trail.trail.is_empty() && !seen.insert(&trail.trail))?;
    let what = format!("another of those given is trail-{} as well", again.trail);
    Some(Finding::at(Kind::Unreadable, Spot::whole(&again.path), what))
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
