//! One trail, followed line by line from where retention left off to where its head says that it ends.

use std::{io, path::Path};

use super::finding::{Finding, Kind, Spot};
use super::signed::{Signed, Told, strangers};
use super::{Before, Beside, Checked, Given, tells_of, witness::Witnessed};
use crate::audit::trail::ranges::{count, insert, learn};
use crate::audit::trail::record::{self, EventLine, FORMAT};
use crate::audit::trail::{Checkpoint, Hash, Header, Line, Lines, MarkLine, Raw, Record, Role};
use crate::event;

/// Checks the trail in `dir` as far as `signed` says that it goes; what was written since is only followed.
pub fn check(dir: &Path, signed: &Signed, given: &Given, witnessed: &Witnessed) -> Checked {
    let mut checked = Checked { path: dir.to_owned(), believed: given.public.is_none(), ..Checked::default() };
    let result = match signed {
        Ok(told) => Walk::over(dir, told, witnessed, &mut checked),
        Err(finding) => Err(finding.clone()),
    };
    checked.findings.extend(result.err());
    checked
}

/// Where we are.
struct Walk<'a> {
    dir: &'a Path,
    told: &'a Told,
    witnessed: &'a Witnessed,
    out: &'a mut Checked,
    /// The last line.
    n: u64,
    hash: Hash,
    /// Whether that of the head was met.
    passed: bool,
    /// Whether the last line was a mark or a segment's beginning behind the head, which tells of it before another is written.
    behind: bool,
}

impl<'a> Walk<'a> {
    fn over(dir: &'a Path, told: &'a Told, witnessed: &'a Witnessed, out: &'a mut Checked) -> Result<(), Finding> {
        let Told { head, removed, .. } = told;
        out.trail.clone_from(&head.trail);
        (out.content.n, out.removed) = (head.n, removed.segment);
        strangers(dir)?;
        let there = record::segments(dir).map_err(|error| Finding::unreadable(dir, &error))?;
        let newest = there.last().copied().unwrap_or(0).max(head.segment);
        let mut walk =
            Self { dir, told, witnessed, out, n: removed.n, hash: *removed.hash(), passed: false, behind: false };
        for number in removed.segment + 1..=newest {
            if !there.contains(&number) {
                let kind = if there.last().is_some_and(|last| *last > number) { Kind::Missing } else { Kind::CutOff };
                return Err(Finding::of(kind, record::path(dir, number), "the segment is not there"));
            }
            walk.segment(number, number == newest)?;
            walk.out.segments += 1;
        }
        walk.out.events = walk.out.content.ranges.iter().map(count).fold(0, u64::saturating_add);
        witnessed.behind(&walk.told.head.trail, head.n).map_or(Ok(()), Err)
    }

    fn segment(&mut self, number: u32, newest: bool) -> Result<(), Finding> {
        let path = record::path(self.dir, number);
        let unreadable = |error: io::Error| Finding::unreadable(&path, &error);
        let mut lines = Lines::open(&path).map_err(unreadable)?;
        while let Some(raw) = lines.next_line().map_err(unreadable)? {
            let spot = Spot::line(&path, raw.number);
            let wrong = |kind, what: String| Err(Finding::at(kind, spot.clone(), what));
            let n = self.n.saturating_add(1);
            if !raw.whole && newest && self.passed {
                self.out.unfinished = raw.end - raw.start;
                break;
            }
            if !raw.whole {
                return wrong(Kind::CutOff, format!("it ends in the middle of line {n} of the trail"));
            }
            let Some(line) = Line::read(raw.bytes) else {
                return wrong(Kind::Altered, format!("line {n} of the trail has not the form of one"));
            };
            if line.n > n {
                let last = line.n - 1;
                let what = format!("lines {n} to {last} of the trail are missing before it, or its number was altered");
                return wrong(Kind::Missing, what);
            }
            if line.n < n || !line.follows(&self.hash) {
                return wrong(Kind::Altered, format!("line {n} of the trail is not as it was written"));
            }
            if self.behind {
                self.older_head(&line, &spot)?;
            }
            self.record(number, &raw, &line, &spot)?;
            (self.n, self.hash) = (line.n, line.hash);
            self.out.lines += 1;
            self.agree(number, &raw, &spot)?;
        }
        let head = &self.told.head;
        if number == head.segment && !self.passed {
            let what = format!("it ends with line {} of the trail, and went on to line {}", self.n, head.n);
            return Err(Finding::of(Kind::CutOff, path, what));
        }
        Ok(())
    }

    /// Whether the head tells of the line before this one by now, which was a write of its own.
    fn older_head(&self, line: &Line<'_>, spot: &Spot) -> Result<(), Finding> {
        let (head, before) = (self.told.head.n, line.n - 1);
        if before <= head || tells_of(self.dir, &self.told.public, before) {
            return Ok(());
        }
        let what =
            format!("the head tells of line {head} only, and line {before} of the trail was written before this one");
        Err(Finding::at(Kind::Altered, spot.clone(), what))
    }

    /// Of what is behind the head, which was written since, only what shows that it is so is looked at.
    fn record(&mut self, number: u32, raw: &Raw<'_>, line: &Line<'_>, spot: &Spot) -> Result<(), Finding> {
        let altered = |what: &str| Err(Finding::at(Kind::Altered, spot.clone(), what));
        let within = line.n <= self.told.head.n;
        match (Record::read(&line.json()), raw.number) {
            (Some(Record::Header(header)), 1) => return self.header(number, line, header, spot),
            (_, 1) => return altered("a segment does not begin so"),
            (Some(Record::Header(_)) | None, _) => return altered("no such line was ever written there"),
            (Some(Record::Mark(mark)), _) if !self.agrees(number, raw, &mark) => {
                return altered("it is no mark of the line before");
            }
            (Some(Record::Mark(_)), _) if !within => {
                (self.out.marks, self.behind) = (self.out.marks + 1, true);
                return self.older_head(line, spot);
            }
            (Some(Record::Mark(mark)), _) => {
                self.out.marks += 1;
                for (trail, n) in mark.seen {
                    let seen = &mut self.out.content.seen;
                    if seen.get(&trail).is_none_or(|beside| beside.n < n) {
                        seen.insert(trail, Beside { n, spot: spot.clone() });
                    }
                }
            }
            (Some(Record::Handover(told)), _) if within => {
                self.out.content.handovers.push(Before { spot: spot.clone(), told, next: None });
            }
            (Some(Record::Event(event)), _) if within => self.event(&event),
            (Some(Record::Handover(_) | Record::Event(_) | Record::Unknown), _) => {}
        }
        Ok(())
    }

    fn header(&mut self, number: u32, line: &Line<'_>, header: Header, spot: &Spot) -> Result<(), Finding> {
        let wrong = |kind, what: String| Err(Finding::at(kind, spot.clone(), what));
        if header.format != FORMAT {
            let what = format!("it is written in format {}, which this version does not read", header.format);
            return wrong(Kind::Unreadable, what);
        }
        let Told { head, removed, .. } = self.told;
        if (header.segment, &header.trail, header.previous.0) != (number, &head.trail, self.hash) {
            return wrong(Kind::Altered, "it is not the beginning of this segment".into());
        }
        if line.n > head.n {
            self.behind = true;
            self.older_head(line, spot)?;
        }
        let content = &mut self.out.content;
        if number == removed.segment + 1 && number > 1 {
            content.gone.clone_from(&header.positions);
        }
        header.positions.into_iter().for_each(|(bucket, at)| learn(&mut content.last, bucket, at));
        content.place = header.place;
        Ok(())
    }

    fn agrees(&self, number: u32, raw: &Raw<'_>, mark: &MarkLine) -> bool {
        let said = Checkpoint::open(&self.told.public, mark.mark.get().as_bytes());
        said.is_some_and(|said| {
            let place = (said.role, &said.trail, said.segment, said.n, said.bytes);
            place == (Role::Mark, &self.told.head.trail, number, self.n, raw.start) && *said.hash() == self.hash
        })
    }

    fn event(&mut self, event: &EventLine) {
        let (id, out) = (event.id(), &mut self.out.content);
        if !insert(&mut out.ranges, id) {
            insert(&mut out.twice, id);
        }
        learn(&mut out.last, id.bucket, id.position);
        let told = out.handovers.iter_mut().rev().find(|before| before.told.bucket == id.bucket);
        told.into_iter().for_each(|told| _ = told.next.get_or_insert(id.position));
        if event.kind == event::Kind::Shed.label() {
            out.shed.insert(id, event.count);
        }
        let (first, latest) = self.out.times.unwrap_or((event.time_ms, event.time_ms));
        self.out.times = Some((first.min(event.time_ms), latest.max(event.time_ms)));
    }

    /// Whether the head, and what was kept elsewhere, say the same of this line.
    fn agree(&mut self, number: u32, raw: &Raw<'_>, spot: &Spot) -> Result<(), Finding> {
        let otherwise = |whose: &dyn std::fmt::Display| {
            Err(Finding::at(Kind::Altered, spot.clone(), format!("{whose} says otherwise: it was written anew")))
        };
        let head = &self.told.head;
        if (number, self.n) == (head.segment, head.n) {
            if (head.hash(), head.bytes) != (&self.hash, raw.end) {
                return otherwise(&"the head");
            }
            self.passed = true;
        }
        match self.witnessed.of(&head.trail, self.n) {
            Some(told) if told.hash != self.hash => otherwise(&told.spot.path.display()),
            _ => Ok(()),
        }
    }
}
