//! The review that trails tell: sums of a period beside those of as long a time before, who was locked or stopped, which
//! networks were refused or failed most, and what operators did. It names users and networks by reference alone; names and
//! reasons stay sealed.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap, io, ops::Range, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    audit::trail::{
        lines,
        ranges::{EventId, Position, Ranges, insert},
    },
    event::Kind,
    policy::Outcome,
    service::admin::figures::{Counts, Period, Review, instant},
};

/// Subjects and networks that are listed.
const LISTED: usize = 50;
/// Acts that are listed, the newest.
const ACTS: usize = 1000;

/// A subject that was locked or stopped.
#[derive(Debug, Default, Serialize)]
struct LockedOut {
    subject_ref: String,
    tenant: Option<String>,
    lockouts: u64,
    disabled: bool,
    #[serde(serialize_with = "instant")]
    last_at: u64,
}

/// What is read of an event's line.
#[derive(Deserialize)]
struct Told<'a> {
    bucket: u8,
    epoch: u64,
    seq: u64,
    time_ms: u64,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    count: Option<u64>,
    #[serde(default)]
    actor: String,
    tenant: Option<String>,
    subject_ref: Option<String>,
    ip_ref: Option<String>,
}

/// What is gathered on the way.
#[derive(Default)]
struct Gathered {
    seen: Ranges,
    counts: Counts,
    before: Counts,
    locked_out: BTreeMap<String, LockedOut>,
    networks: BTreeMap<String, u64>,
    acts: Vec<Value>,
    looks: BTreeMap<(String, &'static str), u64>,
}

/// Draws it up from these trails, of events of this period, ms since 1970; each is counted once, however often it was
/// written.
///
/// # Errors
/// If a trail cannot be read.
pub fn draw(trails: &[PathBuf], period: Range<u64>) -> io::Result<Value> {
    let Range { start: from, end: until } = period;
    let before = from.saturating_sub(until.saturating_sub(from));
    let mut all = Gathered::default();
    for trail in trails {
        lines::each(trail, |_, _, line| {
            if let Ok(told) = serde_json::from_slice::<Told<'_>>(&line.json()) {
                all.add(told, before, from, until);
            }
            false
        })?;
    }
    let (known, acts_total) = (all.locked_out.len(), all.acts.len());
    let mut subjects: Vec<_> = all.locked_out.into_values().collect();
    subjects.sort_by_key(|one| Reverse((one.disabled, one.lockouts, one.last_at)));
    subjects.truncate(LISTED);
    let mut networks: Vec<_> = all.networks.into_iter().collect();
    networks.sort_by_key(|(_, count)| Reverse(*count));
    let networks = networks.iter().take(LISTED).map(|(ip_ref, count)| json!({"ip_ref": ip_ref, "count": count}));
    all.acts.sort_by_key(|act| act.get("time_ms").and_then(Value::as_u64));
    all.acts.drain(..acts_total.saturating_sub(ACTS));
    let look = |((actor, kind), count)| json!({"actor": actor, "type": kind, "count": count});
    let mut answer = serde_json::to_value(Review::of(
        Period { from, until, counts: all.counts, ..Period::default() },
        Period { from: before, until: from, counts: all.before, ..Period::default() },
    ))?;
    let lists = json!({
        "locked_out": {"subjects": subjects, "known": known},
        "networks": networks.collect::<Vec<_>>(),
        "acts": all.acts,
        "acts_total": acts_total,
        "looks": all.looks.into_iter().map(look).collect::<Vec<_>>(),
    });
    if let (Value::Object(answer), Value::Object(lists)) = (&mut answer, lists) {
        answer.extend(lists);
    }
    Ok(answer)
}

impl Gathered {
    fn add(&mut self, told: Told<'_>, before: u64, from: u64, until: u64) {
        let position = Position { epoch: told.epoch, seq: told.seq };
        let (Some(kind), Some(outcome)) = (Kind::from_label(&told.kind), Outcome::from_label(&told.outcome)) else {
            return;
        };
        if !(before..until).contains(&told.time_ms)
            || !insert(&mut self.seen, EventId { bucket: told.bucket, position })
        {
            return;
        }
        let count = told.count.unwrap_or(1);
        if told.time_ms < from {
            *self.before.entry((kind, outcome)).or_default() += count;
            return;
        }
        *self.counts.entry((kind, outcome)).or_default() += count;
        if let Some(network) = told.ip_ref.clone().filter(|_| counts_against_network(kind, outcome)) {
            *self.networks.entry(network).or_default() += count;
        }
        match (kind, told.subject_ref) {
            (Kind::Lockout | Kind::Disable, Some(subject_ref)) => {
                let one = self.locked_out.entry(subject_ref.clone()).or_default();
                (one.subject_ref, one.last_at) = (subject_ref, one.last_at.max(told.time_ms));
                one.tenant = told.tenant.or_else(|| one.tenant.take());
                one.lockouts += u64::from(kind == Kind::Lockout);
                one.disabled |= kind == Kind::Disable;
            }
            (Kind::AdminLocks | Kind::AdminEvents | Kind::AdminReport, _) => {
                *self.looks.entry((told.actor, kind.label())).or_default() += count;
            }
            (_, subject_ref) if kind.label().starts_with("admin.") => self.acts.push(json!({
                "time_ms": told.time_ms,
                "actor": told.actor,
                "type": kind.label(),
                "outcome": outcome.label(),
                "subject_ref": subject_ref,
                "ip_ref": told.ip_ref,
            })),
            _ => {}
        }
    }
}

/// A refusal, or a check that let nobody in: what a busy network is known by.
fn counts_against_network(kind: Kind, outcome: Outcome) -> bool {
    match outcome as u8 {
        20..=29 => matches!(kind, Kind::Send | Kind::Check | Kind::Request | Kind::Failure),
        1..=6 | 12..=14 => matches!(kind, Kind::Check | Kind::Request | Kind::Failure),
        _ => false,
    }
}
