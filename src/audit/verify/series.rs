//! Numbered, signed lines, read to be judged: checkpoints and roots.

use std::{io, path::Path};

use super::finding::{Finding, Kind};
use crate::{
    audit::trail::{
        lines::Lines,
        signed::{self, Last, Numbered},
    },
    secret::PublicKey,
};

/// Reads the lines of a file, which must go on from `last`, and leaves the last one there. At least those up to `known`,
/// which the head tells of, must be there as they were. A file that does not exist has none.
pub fn read<T: Numbered>(
    path: &Path,
    (public, trail): (&PublicKey, &str),
    last: &mut Last,
    known: &Last,
) -> Result<Vec<T>, Finding> {
    let unreadable = |error: io::Error| Finding::unreadable(path, &error);
    let mut lines = match Lines::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened.map_err(unreadable)?,
    };
    let mut all = Vec::new();
    while let Some(raw) = lines.next_line().map_err(unreadable)? {
        let number = raw.number;
        let wrong = |kind, what: &str| Err(Finding::in_line(kind, path, number, what));
        if !raw.whole && last.number >= known.number {
            // One that is being written, or was when the writer ended.
            break;
        }
        let Some(said) = signed::open::<T>(public, raw.bytes).filter(|_| raw.whole) else {
            return wrong(Kind::BadCheckpoint, "it is not as it was signed");
        };
        if said.trail() != trail {
            return wrong(Kind::BadCheckpoint, "it is another trail's");
        }
        if last.number.checked_add(1) != Some(said.number()) {
            return Err(Finding::in_line(displaced::<T>(path, public, last, &said), path, number, "it is out of turn"));
        }
        if !last.is_before(&said) {
            return wrong(Kind::BadCheckpoint, "it does not follow from the one before");
        }
        *last = Last { number: said.number(), hash: signed::hash(raw.bytes) };
        if last.number == known.number && last.hash != known.hash {
            return wrong(Kind::BadCheckpoint, "it is not the one that the head tells of");
        }
        all.push(said);
    }
    Ok(all)
}

/// What happened where this one stands in another's place.
fn displaced<T: Numbered>(path: &Path, public: &PublicKey, last: &Last, said: &T) -> Kind {
    if said.number() <= last.number {
        return Kind::Repeated;
    }
    let Ok(mut lines) = Lines::open(path) else { return Kind::Missing };
    while let Ok(Some(raw)) = lines.next_line() {
        if signed::open::<T>(public, raw.bytes).is_some_and(|other| Some(other.number()) == last.number.checked_add(1))
        {
            return Kind::Reordered;
        }
    }
    Kind::Missing
}
