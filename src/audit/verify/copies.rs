//! The second place of the checkpoints, against the first.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    finding::{Finding, Kind},
    trail::Checked,
};
use crate::{
    audit::trail::{
        create,
        lines::Lines,
        segment,
        signed::{self, Checkpoint, Last},
    },
    secret::PublicKey,
};

/// What a copy had when it was looked at: whatever is there must be in the trail, too, when that is read later.
#[derive(Debug)]
pub struct Copies(Vec<(String, u32, PathBuf, Vec<u8>)>);

impl Copies {
    /// Reads all that is in `dir`.
    ///
    /// # Errors
    /// [`Kind::Unreadable`].
    pub fn read(dir: &Path) -> Result<Self, Finding> {
        let mut all = Vec::new();
        for trail in create::all(dir).map_err(|error| Finding::unreadable(dir, &error))? {
            let id = create::id_of(&trail).unwrap_or_default().to_owned();
            for entry in fs::read_dir(&trail).map_err(|error| Finding::unreadable(&trail, &error))? {
                let path = entry.map_err(|error| Finding::unreadable(&trail, &error))?.path();
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let number = name.strip_suffix(".checkpoints.jsonl").and_then(|number| number.parse().ok());
                if let Some(number) = number {
                    let bytes = fs::read(&path).map_err(|error| Finding::unreadable(&path, &error))?;
                    all.push((id.clone(), number, path, bytes));
                }
            }
        }
        all.sort();
        Ok(Self(all))
    }

    /// The trails that it has copies of.
    pub fn trails(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.0.iter().map(|(id, _, path, _)| (id.as_str(), path.parent().unwrap_or(path)))
    }

    /// Whether all that is there of this trail is in the trail.
    pub fn check(&self, trail: &Checked) -> Result<(), Finding> {
        for (id, number, path, copied) in &self.0 {
            if *id != trail.trail {
                continue;
            }
            match trail.root {
                Some((last, checkpoint)) if *number == last => ends_with(path, &checkpoint)?,
                Some((last, _)) if *number < last => {}
                _ => begins(&segment::checkpoints(&trail.path, *number), (path, copied), trail.public.as_ref())?,
            }
        }
        Ok(())
    }
}

/// A file of checkpoints that went by retention ended with this one; its copy may lag, and may not have another.
fn ends_with(path: &Path, last: &Last) -> Result<(), Finding> {
    let unreadable = |error: io::Error| Finding::unreadable(path, &error);
    let mut lines = Lines::open(path).map_err(unreadable)?;
    while let Some(raw) = lines.next_line().map_err(unreadable)?.filter(|raw| raw.whole) {
        let said = serde_json::from_slice::<serde_json::Value>(raw.bytes).unwrap_or_default();
        let number = said.get("checkpoint").and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
        if number > last.number || number == last.number && signed::hash(raw.bytes) != last.hash {
            return Err(Finding::in_line(Kind::Altered, path, raw.number, "the root of its segment says otherwise"));
        }
    }
    Ok(())
}

/// The copy must be how the trail's own file begins.
fn begins(own: &Path, (path, copied): (&Path, &[u8]), public: Option<&PublicKey>) -> Result<(), Finding> {
    let bytes = match fs::read(own) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Finding::unreadable(own, &error)),
    };
    let mut own_lines = bytes.split_inclusive(|byte| *byte == b'\n');
    for (number, copy) in (1..).zip(copied.split_inclusive(|byte| *byte == b'\n')) {
        let line = own_lines.next();
        // The last one may be on its way.
        if line == Some(copy) || copy.last() != Some(&b'\n') && line.is_some_and(|line| line.starts_with(copy)) {
            continue;
        }
        let signed = public.is_some_and(|public| {
            signed::open::<Checkpoint>(public, copy.strip_suffix(b"\n").unwrap_or(copy)).is_some()
        });
        let own = own.display();
        let (kind, what) = match (signed, line) {
            (false, _) => (Kind::BadCheckpoint, "it is not as it was signed".to_owned()),
            (true, None) => (Kind::Cut, format!("{own} has no such line any more")),
            (true, Some(_)) => (Kind::Altered, format!("{own} has another line in its place")),
        };
        return Err(Finding::in_line(kind, path, number, what));
    }
    Ok(())
}
