//! The events of one subject in the trails of a directory: for whoever asks what is held of a person.
//!
//! Lines are looked for, not verified: that is [`super::verify`]'s.

use std::{io, path::Path};

use serde_json::{Map, Value};

use super::trail::{create, line::Line, lines::Lines, segment};
use crate::secret::Reference;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The events as the trail has them, without its own fields, in the order of the trails and then of their lines.
    pub events: Vec<Map<String, Value>>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// Looks through all trails in `root` for events of `subject`, `most` at most.
///
/// # Errors
/// If a file cannot be read; one that retention removes meanwhile is none.
pub fn of_subject(root: &Path, subject: &Reference, most: usize) -> io::Result<Found> {
    let mut found = Found::default();
    let wanted = format!("\"subject_ref\":\"{}\"", subject.hex());
    let trails = match create::all(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        trails => trails?,
    };
    for trail in trails {
        for number in segment::all(&trail)? {
            let mut lines = match Lines::open(&segment::path(&trail, number)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                lines => lines?,
            };
            while let Some(raw) = lines.next_line()? {
                if !contains(raw.bytes, wanted.as_bytes()) {
                    continue;
                }
                let Some(event) = event(raw.bytes, subject) else { continue };
                if found.events.len() >= most {
                    found.more = true;
                    return Ok(found);
                }
                found.events.push(event);
            }
        }
    }
    Ok(found)
}

/// The event in a line, if it is of this subject and not of one that only says so in some text.
fn event(line: &[u8], subject: &Reference) -> Option<Map<String, Value>> {
    let Ok(Value::Object(mut event)) = serde_json::from_slice(&Line::read(line)?.json()) else { return None };
    let of = event.get("subject_ref").and_then(Value::as_str).is_some_and(|of| of == subject.hex());
    event.remove("n");
    of.then_some(event)
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(line, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_trail_there_is_nothing() {
        let found = of_subject(Path::new("/nowhere/at/all"), &Reference([1; 16]), 9).unwrap();
        assert!(found.events.is_empty() && !found.more);
    }
}
