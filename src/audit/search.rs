//! The events of one subject in the trails of a directory: for whoever asks what is held of a person.
//!
//! First only where they stand is looked for, then each is read when its turn comes: so memory stays flat, however many
//! there are. Lines are looked for, not verified: that is [`super::verify`]'s.

use std::os::unix::fs::FileExt as _;
use std::{fs::File, io, path::Path, sync::Arc};

use serde_json::{Map, Value};

use super::trail::{Line, create, lines, record};
use crate::{event::Kind, files::there, secret::Reference};

/// Where an event of the subject stands, and what orders it among the others.
#[derive(Debug, Clone)]
pub struct Place {
    /// When it happened, ms since 1970.
    pub time_ms: u64,
    /// With the number, what names an event of one subject.
    pub epoch: u64,
    /// Its number.
    pub seq: u64,
    /// Whether it is an erasure.
    pub erases: bool,
    trail: Arc<Path>,
    segment: u32,
    start: u64,
    length: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the trails and then of their lines.
    pub places: Vec<Place>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Looks through all trails in `root` for where the subject's events stand, `most` at most.
///
/// # Errors
/// If a file cannot be read; that there are no trails, or that retention removes one meanwhile, is none.
pub fn find(root: &Path, subject: &Reference, most: usize) -> io::Result<Found> {
    let mut found = Found::default();
    let wanted = format!("\"subject_ref\":\"{}\"", subject.hex());
    let wanted = memchr::memmem::Finder::new(&wanted);
    for dir in there(create::all(root))?.unwrap_or_default() {
        let trail: Arc<Path> = dir.into();
        lines::each(&trail, |segment, raw, line| {
            let Some(event) = wanted.find(raw.bytes).and_then(|_| event_of(subject, line)) else { return false };
            found.more = found.places.len() >= most;
            if found.more {
                return true;
            }
            let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or(0);
            let (time_ms, epoch, seq) = (number("time_ms"), number("epoch"), number("seq"));
            let erases = event.get("type").is_some_and(|kind| kind == Kind::AdminErase.label());
            let (trail, start, length) = (Arc::clone(&trail), raw.start, raw.bytes.len());
            found.places.push(Place { time_ms, epoch, seq, erases, trail, segment, start, length });
            false
        })?;
        if found.more {
            break;
        }
    }
    Ok(found)
}

/// Reads the event of the subject that stands there, as the trail has it but for the trail's own fields; nothing where
/// retention has removed it meanwhile.
pub fn read(subject: &Reference, place: &Place) -> io::Result<Option<Map<String, Value>>> {
    let Some(file) = there(File::open(record::path(&place.trail, place.segment)))? else { return Ok(None) };
    let mut bytes = vec![0; place.length];
    file.read_exact_at(&mut bytes, place.start)?;
    Ok(Line::read(&bytes).and_then(|line| event_of(subject, &line)))
}

/// The event in a line, if it is of this subject and not of one that only says so in some text.
fn event_of(subject: &Reference, line: &Line<'_>) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut event)) = serde_json::from_slice(&line.json()) else { return None };
    let of = event.get("subject_ref").and_then(Value::as_str).is_some_and(|of| of == subject.hex());
    event.remove("n");
    of.then_some(event)
}
