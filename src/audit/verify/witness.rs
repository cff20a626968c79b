//! Checkpoints that were kept elsewhere: a second place, or whatever took the lines from standard output.

use std::path::{Path, PathBuf};
use std::{collections::BTreeMap, fs, io};

use super::finding::{Finding, Kind, Spot};
use super::{Checked, Given};
use crate::audit::trail::{Checkpoint, Hash, Lines, Role, create};
use crate::secret::PublicKey;

/// What one of them says.
#[derive(Debug)]
pub struct Told {
    /// The hash of the line that it is of.
    pub hash: Hash,
    /// Where it says so.
    pub spot: Spot,
}

/// All that was kept, by trail and line.
#[derive(Debug, Default)]
pub struct Witnessed(BTreeMap<String, BTreeMap<u64, Told>>);

impl Witnessed {
    /// Reads a file, or all files of a directory and of those in it. Lines that have no checkpoint are passed over.
    ///
    /// # Errors
    /// [`Kind::Unreadable`], and [`Kind::Altered`] for a checkpoint that is not as it was signed.
    pub fn read(path: &Path, given: &Given) -> Result<Self, Finding> {
        let mut all = Self::default();
        for file in files(path, 2).map_err(|error| Finding::unreadable(path, &error))? {
            let unreadable = |error: io::Error| Finding::unreadable(&file, &error);
            let mut lines = file.canonicalize().and_then(|file| Lines::open(&file)).map_err(unreadable)?;
            while let Some(raw) = lines.next_line().map_err(unreadable)?.filter(|raw| raw.whole) {
                let Some(statement) = Checkpoint::find(raw.bytes) else { continue };
                all.add(statement, Spot::line(&file, raw.number), given)?;
            }
        }
        if all.0.is_empty() {
            return Err(Finding::of(Kind::Unreadable, path, "there is no checkpoint in it"));
        }
        Ok(all)
    }

    fn add(&mut self, statement: &[u8], spot: Spot, given: &Given) -> Result<(), Finding> {
        let own = || given.dirs.iter().find_map(|dir| own_key(dir));
        let Some(said) = given.public.or_else(own).and_then(|public| Checkpoint::open(&public, statement)) else {
            return Err(Finding::at(Kind::Altered, spot, "it is not as it was signed, or by another key"));
        };
        if said.role != Role::Removed {
            self.0.entry(said.trail).or_default().insert(said.n, Told { hash: said.h.0, spot });
        }
        Ok(())
    }

    /// What it says of line `n`.
    pub fn of(&self, trail: &str, n: u64) -> Option<&Told> {
        self.0.get(trail)?.get(&n)
    }

    /// Whether a trail that ends with line `n` went further once.
    pub fn behind(&self, trail: &str, n: u64) -> Option<Finding> {
        let (last, told) = self.0.get(trail)?.last_key_value()?;
        let what = format!("trail-{trail} went to line {last}, and ends with line {n} now");
        (*last > n).then(|| Finding::at(Kind::CutOff, told.spot.clone(), what))
    }

    /// The first trail that it tells of and that is not there.
    pub fn left_out(&self, trails: &[Checked]) -> Option<Finding> {
        let there = |id: &str| trails.iter().any(|trail| trail.trail == id || create::id_of(&trail.path) == Some(id));
        let (id, told) = self.0.iter().find(|(id, _)| !there(id))?;
        let what = format!("there are checkpoints of trail-{id}, and the trail is not there");
        Some(Finding::at(Kind::Missing, told.last_key_value()?.1.spot.clone(), what))
    }
}

/// The public key of a trail, or of the first of a directory's.
fn own_key(dir: &Path) -> Option<PublicKey> {
    let trails = create::all(dir).unwrap_or_default();
    let key = |dir: &Path| PublicKey::parse(&fs::read_to_string(dir.join("public-key")).ok()?);
    key(dir).or_else(|| trails.iter().find_map(|trail| key(trail)))
}

/// The files that a path is or has, down to so many levels.
fn files(path: &Path, levels: u32) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_file() || levels > 1 && path.is_dir() {
            found.extend(files(&path, levels - 1)?);
        }
    }
    found.sort();
    Ok(found)
}
