//! What `audit verify` found, for people.

use std::io::{self, Write};

use crate::{
    audit::verify::{Checked, Report, finding::Kind},
    event::time::rfc3339,
};

/// Writes a line for each trail, one for each thing worth knowing, and what is wrong.
///
/// # Errors
/// Those of `out`.
pub fn lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for trail in &report.trails {
        describe(trail, out)?;
    }
    for finding in &report.findings {
        writeln!(out, "{finding}")?;
    }
    let Report { events, repeats, shed, .. } = report;
    for (bucket, epochs) in &report.forks {
        writeln!(out, "note: bucket {bucket} has {epochs} epochs: Redis lost part of its history")?;
    }
    for (trail, host) in &report.elsewhere {
        writeln!(out, "note: events of trail {trail} (host {host}) are not here, and never were")?;
    }
    if *repeats > 0 {
        writeln!(out, "note: {repeats} events are there again, as after a crash")?;
    }
    if *shed > 0 {
        writeln!(out, "note: {shed} events were given up because nobody could write them")?;
    }
    if report.sound && !report.ends_checked {
        for trail in report.trails.iter().filter(|trail| trail.times.is_some()) {
            let last = trail.times.map_or(0, |(_, last)| last);
            writeln!(
                out,
                "unchecked: what followed in trail {} after {}, if it was taken away",
                trail.trail,
                rfc3339(last)
            )?;
        }
        writeln!(
            out,
            "unchecked: a newest trail, if all of it was taken away (--checkpoints or --against-store find both)"
        )?;
    }
    let unread = report.findings.iter().all(|finding| finding.kind == Kind::Unreadable);
    let judged = if unread { "not verified" } else { "not as it was written" };
    match (report.sound, report.merged) {
        (true, _) => writeln!(out, "as it was written: {events} events in {} trails", report.trails.len()),
        (false, true) => writeln!(out, "{judged}"),
        (false, false) => writeln!(out, "{judged}; whether events are missing between trails was not checked"),
    }
}

fn describe(trail: &Checked, out: &mut impl Write) -> io::Result<()> {
    let Checked { segments, lines, events, marks, removed, .. } = trail;
    let path = trail.path.display();
    write!(out, "{path}: {events} events in {lines} lines, {segments} segments, {marks} marks")?;
    if *removed > 0 {
        write!(out, ", {removed} segments gone by retention")?;
    }
    if let Some((first, last)) = trail.times {
        write!(out, ", {} to {}", rfc3339(first), rfc3339(last))?;
    }
    writeln!(out)?;
    if trail.believed && trail.findings.is_empty() {
        writeln!(out, "note: {path}: the trail's own public key was believed; give --public-key, from elsewhere")?;
    }
    if trail.unfinished > 0 {
        let bytes = trail.unfinished;
        writeln!(out, "note: {path}: {bytes} bytes of a write that is under way, or was when the sidecar was killed")?;
    }
    Ok(())
}
