//! What a curve of the last hour or day is drawn of: the sums of `stats` by part.

use serde::Serialize;

use crate::{
    event::Kind,
    http::calls::admin::report::{asked, refused, sum, wrong},
    policy::Outcome,
    service::{
        admin::stats::{Counts, Period, Stats},
        time::rfc3339,
    },
};

/// Both of them.
#[derive(Serialize)]
pub struct Series {
    hour: Parts,
    day: Parts,
}

#[derive(Serialize)]
struct Parts {
    /// How long each part is, seconds.
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
    /// Wrong codes.
    wrong: u64,
    /// Calls that a rule refused.
    refused: u64,
    /// Lockouts and hard stops.
    lockouts: u64,
}

impl From<&Stats> for Series {
    fn from(stats: &Stats) -> Self {
        Self { hour: (&stats.last_hour).into(), day: (&stats.last_day).into() }
    }
}

impl From<&Period> for Parts {
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
