//! `GET /admin/v1/stats`

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Serialize;

use crate::{
    http::{Problem, Query, RequestId, calls::Answered, console::series::Series},
    service::{
        Service,
        admin::stats::{Counts, Period},
        time::rfc3339,
    },
};

/// Sums by type, then by outcome.
pub(super) type ByType = BTreeMap<&'static str, BTreeMap<&'static str, u64>>;

#[derive(Serialize)]
struct Body {
    as_of: String,
    live_codes: u64,
    locked: u64,
    disabled: u64,
    last_hour: Shown,
    last_day: Shown,
    series: BTreeMap<&'static str, Series>,
}

#[derive(Serialize)]
struct Shown {
    from: String,
    until: String,
    events: ByType,
    /// Of the same, to a thousandth.
    per_minute: BTreeMap<&'static str, BTreeMap<&'static str, f64>>,
}

/// Tells sums over all sidecars.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn stats(service: &Service, query: Query<'_>, id: &RequestId) -> Result<Answered, Problem> {
    query.finish()?;
    let stats = service.stats().await?;
    let body = Body {
        as_of: rfc3339(stats.now),
        live_codes: stats.live_codes,
        locked: stats.locked,
        disabled: stats.disabled,
        last_hour: shown(&stats.last_hour),
        last_day: shown(&stats.last_day),
        series: [("hour", (&stats.last_hour).into()), ("day", (&stats.last_day).into())].into(),
    };
    Ok(Answered::json(StatusCode::OK, &body, "ok", id))
}

fn shown(period: &Period) -> Shown {
    let minutes = period.until.saturating_sub(period.from).max(1) as f64 / 60_000.0;
    let rate = |count: u64| (count as f64 / minutes * 1000.0).round() / 1000.0;
    let events = by_type(&period.counts);
    let per_minute =
        events.iter().map(|(kind, of)| (*kind, of.iter().map(|(o, n)| (*o, rate(*n))).collect())).collect();
    Shown { from: rfc3339(period.from), until: rfc3339(period.until), events, per_minute }
}

/// The same by name.
pub(super) fn by_type(counts: &Counts) -> ByType {
    let mut named = ByType::new();
    for ((kind, outcome), count) in counts {
        *named.entry(kind.label()).or_default().entry(outcome.label()).or_default() += count;
    }
    named
}
