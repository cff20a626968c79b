//! Whether trails are as they were written.
//!
//! Each trail is followed line by line (`walk`) and held against what was signed about it ([`trail`], `series`); then
//! all of them are put together (`events`), and held against the second place of their checkpoints (`copies`). A file is
//! read as it lies, line by line: what grows with a trail is only the set of its events, which is kept as ranges.

mod classify;
mod copies;
mod events;
pub mod finding;
mod series;
#[cfg(test)]
mod tests;
pub mod trail;
mod walk;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::trail::{create, head};
use crate::secret::{PublicKey, TrailKeys};
use copies::Copies;
use finding::{Finding, Kind};
use trail::Checked;

/// So often are trails asked how far they go: a look takes microseconds, and between two writes lie milliseconds.
const LOOKS: usize = 1000;

/// What to verify, and with what.
#[derive(Debug, Default)]
pub struct Given {
    /// Trails, or directories of trails.
    pub dirs: Vec<PathBuf>,
    /// Checks seals and signatures.
    pub keys: Option<TrailKeys>,
    /// Whether the keys merely lay there, so that they may be other trails'.
    pub guessed: bool,
    /// Checks signatures.
    pub public: Option<PublicKey>,
    /// Where the second place of the checkpoints is.
    pub copies: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub sound: bool,
    /// Trail by trail.
    pub trails: Vec<Checked>,
    /// Different events in all of them.
    pub events: u64,
    /// How often one was there again in another trail, as after a crash.
    pub repeats: u64,
    /// Events that were given up because nobody could write them, as the trails say.
    pub shed: u64,
    /// Buckets whose history was cut, and how many epochs each has.
    pub forks: Vec<(u8, usize)>,
    /// Whether all trails are sound in themselves, so that they were put together.
    pub merged: bool,
    /// All that is wrong, in the order it was found.
    pub findings: Vec<Finding>,
}

/// Verifies.
pub fn verify(given: &Given) -> Report {
    let mut findings = Vec::new();
    // First, so that a trail that goes on meanwhile has all that its copy has.
    let copies = given.copies.as_deref().map(Copies::read).transpose();
    let copies = copies.unwrap_or_else(|finding| {
        findings.push(finding);
        None
    });
    let mut dirs = Vec::new();
    for dir in &given.dirs {
        match trails(dir) {
            Ok(found) => dirs.extend(found),
            Err(finding) => findings.push(finding),
        }
    }
    let until = until(&dirs);
    let trails: Vec<Checked> = dirs.iter().zip(until).map(|(dir, until)| trail::check(dir, until, given)).collect();
    findings.extend(trails.iter().flat_map(|trail| trail.findings.clone()));
    findings.extend(twice(&trails));
    if let Some(copies) = &copies {
        findings.extend(trails.iter().filter_map(|trail| copies.check(trail).err()));
        findings.extend(left_out(given, copies, &trails));
    }
    let merged = findings.is_empty();
    let events::Merged { events, repeats, shed, forks, findings: more } =
        if merged { events::merge(&trails) } else { events::Merged::default() };
    findings.extend(more);
    Report { sound: findings.is_empty(), trails, events, repeats, shed, forks, merged, findings }
}

/// How far trails went at one moment: where the events of a bucket pass from one to another, what came before must not be
/// looked for in a trail that was looked at too early. They are asked until none has moved since it was asked before.
fn until(dirs: &[PathBuf]) -> Vec<u64> {
    let look = || dirs.iter().map(|dir| trail::goes_to(dir)).collect::<Vec<u64>>();
    let mut before = look();
    for _ in 0..LOOKS {
        let now = look();
        if now == before {
            break;
        }
        before = now;
    }
    before
}

/// The trails that a directory is or has.
fn trails(dir: &Path) -> Result<Vec<PathBuf>, Finding> {
    // A trail may have lost its head, and a copy its name.
    if create::id_of(dir).is_some() || head::path(dir).exists() {
        return Ok(vec![dir.to_owned()]);
    }
    match create::all(dir) {
        Ok(found) if found.is_empty() => Err(Finding::of(Kind::Unreadable, dir, "there is no trail in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(Finding::unreadable(dir, &error)),
    }
}

/// The first trail that was given twice.
fn twice(trails: &[Checked]) -> Option<Finding> {
    let mut seen: BTreeMap<&str, &Path> = BTreeMap::new();
    trails.iter().filter(|trail| !trail.trail.is_empty()).find_map(|trail| {
        let other = seen.insert(&trail.trail, &trail.path)?;
        let what = format!("{} is the same trail", other.display());
        Some(Finding::of(Kind::Repeated, trail.path.clone(), what))
    })
}

/// The first trail that there are checkpoints of and that is not there, where all trails of a directory were given.
fn left_out(given: &Given, copies: &Copies, trails: &[Checked]) -> Option<Finding> {
    let all = given.dirs.iter().any(|dir| create::id_of(dir).is_none() && !head::path(dir).exists());
    let missing = |(id, _): &(&str, &Path)| {
        all && !trails.iter().any(|trail| trail.trail == *id || create::id_of(&trail.path) == Some(*id))
    };
    let (id, copy) = copies.trails().find(missing)?;
    Some(Finding::of(Kind::Missing, copy, format!("there are checkpoints of trail-{id}, and the trail is not there")))
}
