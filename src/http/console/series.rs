//! What a curve of the last hour or day is drawn of: the sums of `stats` by part.

use serde::Serialize;

use crate::{
    event::Kind,
    http::calls::admin::report::{asked, refused, sum, wrong},
    policy::Outcome,
    service::{
        admin::stats::{Counts, Period},
        time::rfc3339,
    },
};

/// The parts of a period.
#[derive(Serialize)]
pub struct Series {
    /// How long each is, seconds.
    step: u64,
    /// When the first begins.
    from: String,
    /// The last one is not over yet.
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    issued: u64,
    approved: u64,
    wrong: u64,
    refused: u64,
    /// Hard stops are some.
    lockouts: u64,
}

impl From<&Period> for Series {
    fn from(period: &Period) -> Self {
        let parts = period.parts.iter().map(Part::from).collect();
        Self { step: period.step / 1000, from: rfc3339(period.from), parts }
    }
}

impl From<&Counts> for Part {
    fn from(counts: &Counts) -> Self {
        Self {
            issued: sum(counts, |kind, outcome| kind == Kind::Send && outcome == Outcome::Issued),
            approved: sum(counts, |kind, outcome| kind == Kind::Check && outcome == Outcome::Approved),
            wrong: sum(counts, |kind, outcome| kind == Kind::Check && wrong(outcome)),
            refused: sum(counts, |kind, outcome| asked(kind) && refused(outcome)),
            lockouts: sum(counts, |kind, _| matches!(kind, Kind::Lockout | Kind::Disable)),
        }
    }
}
