//! What a curve of the last hour or day is drawn of: the sums of `stats` by part.

use serde::Serialize;

use super::figures::{Counts, Period, instant, is_refusal, is_wrong, may_be_refused, sum};
use crate::{event::Kind, policy::Outcome};

/// The parts of a period.
#[derive(Debug, Serialize)]
pub struct Series {
    /// How long each is, seconds.
    step: u64,
    /// When the first begins.
    #[serde(serialize_with = "instant")]
    from: u64,
    /// The last one is not over yet.
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Part {
    issued: u64,
    approved: u64,
    wrong: u64,
    refused: u64,
    /// Hard stops are some.
    lockouts: u64,
}

impl Series {
    /// Those of a period.
    pub(super) fn of(period: &Period) -> Self {
        Self { step: period.step / 1000, from: period.from, parts: period.parts.iter().map(Part::of).collect() }
    }
}

impl Part {
    fn of(counts: &Counts) -> Self {
        Self {
            issued: sum(counts, |kind, outcome| kind == Kind::Send && outcome == Outcome::Issued),
            approved: sum(counts, |kind, outcome| kind == Kind::Check && outcome == Outcome::Approved),
            wrong: sum(counts, |kind, outcome| kind == Kind::Check && is_wrong(outcome)),
            refused: sum(counts, |kind, outcome| may_be_refused(kind) && is_refusal(outcome)),
            lockouts: sum(counts, |kind, _| matches!(kind, Kind::Lockout | Kind::Disable)),
        }
    }
}
