//! What happened where a line does not follow from the one before.

use std::path::{Path, PathBuf};

use super::finding::{Finding, Kind};
use crate::audit::trail::{
    line::{Line, Link},
    lines::{Lines, Raw},
    segment,
};

/// Names it. `raw`, in `path`, stands where line `expected` of the trail in `dir` should, behind `before`.
pub fn broken(dir: &Path, path: &Path, raw: &Raw<'_>, (expected, before): (u64, &Link)) -> Finding {
    let at = |kind, what: String| Finding::in_line(kind, path, raw.number, what);
    let line = Line::read(raw.bytes);
    if !raw.whole && line.is_none_or(|line| line.n != expected) {
        // A last line without its line feed, whose text is whole, was altered in its last byte.
        let shorter = raw.bytes.split_last().and_then(|(_, rest)| Line::read(rest));
        let only_end = shorter.is_some_and(|line| line.n == expected && line.link.hash == before.hash(line.body));
        return match only_end {
            true => at(Kind::Altered, format!("line {expected} of the trail does not end as it was written")),
            false => at(Kind::Cut, format!("it ends in the middle of line {expected} of the trail")),
        };
    }
    let Some(line) = line else {
        return at(Kind::Altered, format!("line {expected} of the trail has not the form of one"));
    };
    if line.n == expected {
        return at(Kind::Altered, format!("line {expected} of the trail is not as it was written"));
    }
    let here = (path.to_owned(), raw.number);
    let elsewhere = |n: u64| find(dir, n).into_iter().filter(|(place, _)| *place != here).collect::<Vec<_>>();
    let twin = elsewhere(line.n).into_iter().find(|(_, bytes)| bytes == raw.bytes);
    if line.n < expected {
        return match twin {
            Some(_) => at(Kind::Repeated, format!("line {} of the trail is there again", line.n)),
            None => at(Kind::Altered, format!("line {expected} of the trail says that it is line {}", line.n)),
        };
    }
    if let Some(((other, number), _)) = elsewhere(expected).first() {
        let other = other.display();
        return at(Kind::Reordered, format!("line {expected} of the trail is in {other} line {number} instead"));
    }
    let next = elsewhere(expected.saturating_add(1))
        .into_iter()
        .any(|((other, number), _)| other == path && number == raw.number + 1);
    if next {
        return at(Kind::Altered, format!("line {expected} of the trail says that it is line {}", line.n));
    }
    let last = line.n - 1;
    at(Kind::Missing, format!("lines {expected} to {last} of the trail are missing before it"))
}

/// Where lines of this number are, and what they are: file and line of it.
fn find(dir: &Path, n: u64) -> Vec<((PathBuf, u64), Vec<u8>)> {
    let mut found = Vec::new();
    for number in segment::all(dir).unwrap_or_default() {
        let path = segment::path(dir, number);
        let Ok(mut lines) = Lines::open(&path) else { continue };
        while let Ok(Some(raw)) = lines.next_line() {
            if Line::read(raw.bytes).is_some_and(|line| line.n == n) {
                found.push(((path.clone(), raw.number), raw.bytes.to_vec()));
            }
        }
    }
    found
}
