//! One trail: head, roots, segments and checkpoints, each against the others.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Given,
    events::find_event,
    finding::{Finding, Kind},
    series,
    walk::{Known, Walk},
};
use crate::{
    audit::trail::{
        create, head,
        line::Link,
        ranges::{Identity, Ranges},
        segment,
        signed::{Checkpoint, Head, Last, Root},
    },
    secret::{PublicKey, TrailKeys},
};

/// A trail that is being written may change while it is read: then it is read again, so often.
const LOOKS: usize = 3;

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
    /// Events in them.
    pub events: u64,
    /// Times of the earliest and latest event, ms since 1970.
    pub times: Option<(u64, u64)>,
    /// Checkpoints made.
    pub checkpoints: u64,
    /// Segments that went by retention.
    pub roots: u64,
    /// Whether seals were checked, too.
    pub seals: bool,
    /// Whether it has its end: the sidecar that wrote it was stopped, and not killed.
    pub closed: bool,
    /// Bytes behind the last line: a write that is under way, or was when the sidecar was killed.
    pub unfinished: u64,
    /// Public key that was taken from the trail itself.
    pub trusted: bool,
    /// Identities of its events.
    #[serde(skip)]
    pub ranges: Ranges,
    /// Identities of events that went by retention.
    #[serde(skip)]
    pub gone: Ranges,
    /// How many events were given up, by the events that say so.
    #[serde(skip)]
    pub shed: BTreeMap<Identity, u64>,
    /// The key that its signatures were checked with.
    #[serde(skip)]
    pub public: Option<PublicKey>,
    /// The last segment that went by retention, and its last checkpoint.
    #[serde(skip)]
    pub root: Option<(u32, Last)>,
    /// What is wrong with it, the first of each kind.
    pub findings: Vec<Finding>,
}

/// How far a trail goes, by its word alone: what is checked later goes as far at least.
pub fn goes_to(dir: &Path) -> u64 {
    let text = fs::read(head::path(dir)).unwrap_or_default();
    let said = serde_json::from_slice::<serde_json::Value>(&text).unwrap_or_default();
    said.get("n").and_then(serde_json::Value::as_u64).unwrap_or_default()
}

/// Checks the trail in `dir`. Its events up to line `until` are taken to be held against other trails': where all are taken
/// at the same time, none is missing because one was read before the other.
pub fn check(dir: &Path, until: u64, given: &Given) -> Checked {
    let mut looks = 0;
    loop {
        let before = fs::read(head::path(dir)).ok();
        let mut checked = Checked { path: dir.to_owned(), ..Checked::default() };
        if let Err(finding) = read(dir, until, given, &mut checked) {
            checked.findings.push(finding);
        }
        looks += 1;
        // Segments may have come and gone while it was read.
        if checked.findings.is_empty() || looks == LOOKS || fs::read(head::path(dir)).ok() == before {
            return checked;
        }
    }
}

fn read(dir: &Path, until: u64, given: &Given, checked: &mut Checked) -> Result<(), Finding> {
    let (public, head, keys) = signed_by(dir, given, checked)?;
    checked.trail.clone_from(&head.head);
    checked.closed = head.closed;
    checked.seals = keys.is_some();
    checked.public = Some(public);
    if create::id_of(dir).is_some_and(|id| id != head.head) {
        let what = format!("its head is that of trail-{}", head.head);
        return Err(Finding::of(Kind::Altered, dir, what));
    }
    let path = dir.join("public-key");
    match fs::read_to_string(&path) {
        Ok(text) if text == public.pem() => {}
        Ok(_) => return Err(Finding::of(Kind::BadCheckpoint, path, "it is not the key that the head is signed with")),
        Err(error) => return Err(Finding::unreadable(path, &error)),
    }
    let known = Known { dir, head: &head, public: &public, keys, until };
    let mut walk = roots(&known, checked)?;
    let result = segments(&known, &mut walk, checked);
    checked.lines = walk.lines;
    checked.events = walk.ranges.len();
    checked.times = walk.times;
    checked.unfinished = walk.unfinished;
    again(dir, &walk, &mut checked.findings);
    (checked.ranges, checked.shed) = (walk.ranges, walk.shed);
    result
}

/// The public key, the head that it verifies, and the keys to check seals with.
fn signed_by<'a>(
    dir: &Path,
    given: &'a Given,
    checked: &mut Checked,
) -> Result<(PublicKey, Head, Option<&'a TrailKeys>), Finding> {
    let path = head::path(dir);
    let own = fs::read_to_string(dir.join("public-key")).ok().and_then(|text| PublicKey::parse(&text));
    let keys = given.keys.as_ref();
    let public = given.public.or(keys.map(|keys| *keys.public()));
    checked.trusted = public.is_none();
    let Some(public) = public.or(own) else {
        return Err(Finding::of(Kind::BadCheckpoint, dir.join("public-key"), "it is not there, or is none"));
    };
    let read = |public: &PublicKey| head::read(dir, public);
    match read(&public) {
        Ok(Some(head)) => Ok((public, head, keys.filter(|keys| *keys.public() == public))),
        Ok(None) => match own.filter(|own| *own != public && matches!(read(own), Ok(Some(_)))) {
            Some(own) => {
                let source = match (&given.public, given.guessed) {
                    (None, true) => "that of the private server's keys in OTP_DATA_DIR",
                    _ => "which was given",
                };
                let what = format!("it is signed with key {}, and not with {}, {source}", own.id(), public.id());
                Err(Finding::of(Kind::WronglySealed, path, what))
            }
            None => Err(Finding::of(Kind::BadCheckpoint, path, "it is not as it was signed")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Finding::of(Kind::Cut, path, "it is not there, and nothing else tells how far the trail went"))
        }
        Err(error) => Err(Finding::unreadable(path, &error)),
    }
}

/// What went by retention, and so where the trail begins.
fn roots(known: &Known<'_>, checked: &mut Checked) -> Result<Walk, Finding> {
    let Known { dir, head, public, .. } = *known;
    let path = dir.join("roots.jsonl");
    let (mut last, told) = (Last::NONE, Last { number: head.roots, hash: head.root.0 });
    let all: Vec<Root> = series::read(&path, (public, &head.head), &mut last, &told)?;
    if last.number < told.number {
        let what = format!("it has {} roots, and the head tells of {}", last.number, told.number);
        return Err(Finding::of(Kind::Cut, path, what));
    }
    checked.roots = last.number;
    let mut walk = Walk::behind(0, Link::NONE, None, Last::NONE);
    for (number, root) in (1..).zip(&all) {
        if root.segment != number || Some(root.lines.0) != walk.n.checked_add(1) {
            let what = "it is not of the segment behind the one before";
            return Err(Finding::in_line(Kind::BadCheckpoint, path, number.into(), what));
        }
        let checkpoint = Last { number: root.checkpoint, hash: root.checkpoint_hash.0 };
        walk = Walk::behind(root.lines.1, root.link(), Some(root.nonce.0), checkpoint);
        checked.gone.merge(&root.ranges);
        checked.root = Some((number, checkpoint));
    }
    let last = checked.root.map_or(0, |(segment, _)| segment);
    if last == head.segment && (walk.n, walk.link) != (head.n, head.link()) {
        return Err(Finding::of(Kind::BadCheckpoint, path, "its last root does not end as the head says"));
    }
    Ok(walk)
}

fn segments(known: &Known<'_>, walk: &mut Walk, checked: &mut Checked) -> Result<(), Finding> {
    let Known { dir, head, public, .. } = *known;
    let there = segment::all(dir).map_err(|error| Finding::unreadable(dir, &error))?;
    let newest = there.last().copied().unwrap_or(0).max(head.segment);
    strangers(dir, newest)?;
    let first = checked.root.map_or(1, |(segment, _)| segment.saturating_add(1));
    let told = Last { number: head.checkpoints, hash: head.checkpoint.0 };
    for number in first..=newest {
        let path = segment::path(dir, number);
        if !there.contains(&number) {
            let behind = there.iter().any(|other| *other > number);
            let kind = if behind { Kind::Missing } else { Kind::Cut };
            return Err(Finding::of(kind, path, "the segment is not there"));
        }
        let file = segment::checkpoints(dir, number);
        let checkpoints: Vec<Checkpoint> = series::read(&file, (public, &head.head), &mut walk.checkpoint, &told)?;
        if number < newest && !checkpoints.last().is_some_and(|last| last.closed) {
            return Err(Finding::of(Kind::Cut, file, "the checkpoint of the segment's end is not there"));
        }
        if let Some(beyond) = checkpoints.iter().find(|checkpoint| checkpoint.n > head.n) {
            // Checkpoints are made of what the head has said, and it never goes back; but it may have gone on since.
            let now = head::read(dir, public).ok().flatten().map_or(head.n, |now| now.n);
            if now < beyond.n {
                let what =
                    format!("checkpoint {} is of line {}, and the head of {now} only", beyond.checkpoint, beyond.n);
                return Err(Finding::of(Kind::Cut, file, what));
            }
        }
        let ended = number < newest || (head.closed && checkpoints.last().is_some_and(|last| last.closed));
        if ended && !ends_with_a_line(&file).map_err(|error| Finding::unreadable(&file, &error))? {
            return Err(Finding::of(Kind::Altered, file, "there is something behind its last line"));
        }
        walk.segment(known, (number, number == newest), &checkpoints)?;
        checked.segments += 1;
    }
    checked.checkpoints = walk.checkpoint.number;
    if walk.checkpoint.number < told.number {
        let what = format!("checkpoints end with {}, and the head tells of {}", walk.checkpoint.number, told.number);
        return Err(Finding::of(Kind::Cut, segment::checkpoints(dir, newest), what));
    }
    Ok(())
}

/// Whether a file ends with a line feed, or is empty or not there.
fn ends_with_a_line(path: &Path) -> io::Result<bool> {
    match fs::read(path) {
        Ok(text) => Ok(text.last().is_none_or(|last| *last == b'\n')),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whatever is in the trail's directory and was not put there by its writer, and checkpoints of a segment that is gone.
fn strangers(dir: &Path, newest: u32) -> Result<(), Finding> {
    let unreadable = |error: io::Error| Finding::unreadable(dir, &error);
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.get(..8).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or_default();
        // One that was begun since is none.
        let there = number <= newest || segment::path(dir, number).exists();
        let of_checkpoints = number > 0 && path == segment::checkpoints(dir, number);
        if of_checkpoints && !there {
            let what = "there are checkpoints of a segment, and the segment is not there";
            return Err(Finding::of(Kind::Cut, path, what));
        }
        let of_segment = of_checkpoints || (number > 0 && path == segment::path(dir, number));
        if !of_segment && !["lock", "head", "roots.jsonl", "public-key"].contains(&name) {
            return Err(Finding::of(Kind::Altered, path, "it is no file of a trail"));
        }
    }
    Ok(())
}

/// Events that are in the trail twice: with the same content, or with another.
fn again(dir: &Path, walk: &Walk, findings: &mut Vec<Finding>) {
    for (identity, finding, content) in &walk.again {
        let first = find_event(dir, *identity).map(|(_, content)| content);
        let mut finding = finding.clone();
        if first.as_ref() != Some(content) {
            finding.kind = Kind::Conflicting;
            finding.what += ", and says something else there";
        }
        if !findings.iter().any(|other| other.kind == finding.kind) {
            findings.push(finding);
        }
    }
}
