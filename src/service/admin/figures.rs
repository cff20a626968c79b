//! Figures: events added up by type and outcome, and what a review says of them beside as long a time before. Out of counters
//! in the store, or out of trails: the sums are the same.

use std::{collections::BTreeMap, time::UNIX_EPOCH};

use serde::{Serialize, Serializer};

use crate::{
    event::{Kind, time::rfc3339},
    policy::Outcome,
    service::decided::is_refusal,
};

/// Events by what they were about and how that ended.
pub type Counts = BTreeMap<(Kind, Outcome), u64>;

/// Sums by type, then by outcome.
pub type ByType<T> = BTreeMap<&'static str, BTreeMap<&'static str, T>>;

/// What happened in a stretch of time.
#[derive(Debug, Default, Serialize)]
pub struct Period {
    /// When it begins, ms since 1970.
    #[serde(serialize_with = "instant")]
    pub from: u64,
    /// When it ends.
    #[serde(serialize_with = "instant")]
    pub until: u64,
    /// Exact sums of all events in it that were written out by now, which they are within a second or so.
    #[serde(rename = "events", serialize_with = "named")]
    pub counts: Counts,
    /// How long each of its parts is, ms: the grain of the counters.
    #[serde(skip)]
    pub step: u64,
    /// The same sums of each part, from `from` on; none where they are out of trails.
    #[serde(skip)]
    pub parts: Vec<Counts>,
}

/// Writes ms since 1970 as RFC 3339.
pub fn instant<S: Serializer>(ms: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*ms))
}

fn named<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    by_type(counts, |count| count).serialize(serializer)
}

/// The counts by name, each as `shown`.
pub fn by_type<T>(counts: &Counts, shown: impl Fn(u64) -> T) -> ByType<T> {
    let mut named = ByType::new();
    for ((kind, outcome), count) in counts {
        named.entry(kind.label()).or_default().insert(outcome.label(), shown(*count));
    }
    named
}

/// A number, and that of as long a time before.
#[derive(Debug, Serialize)]
pub struct Figure {
    name: &'static str,
    count: u64,
    before: u64,
}

/// A period beside the one before it.
#[derive(Debug, Serialize)]
pub struct Review {
    #[serde(flatten)]
    period: Period,
    before: Period,
    /// What belongs together.
    figures: Vec<Figure>,
    /// Refusals by rule.
    refusals: Vec<Figure>,
}

impl Review {
    /// Adds up what belongs together.
    pub fn of(period: Period, before: Period) -> Self {
        use Outcome as O;
        let wanted: [(&str, Wanted); 8] = [
            ("codes_issued", ISSUED),
            ("codes_approved", APPROVED),
            ("wrong_codes", WRONG),
            ("guard_failures", |kind, outcome| kind == Kind::Failure && is_wrong(outcome)),
            ("refusals", REFUSED),
            ("lockouts", |kind, _| kind == Kind::Lockout),
            ("hard_stops", |kind, _| kind == Kind::Disable),
            ("not_me_reports", |kind, _| kind == Kind::Report),
        ];
        let figure = |name, wanted: &dyn Fn(Kind, Outcome) -> bool| Figure {
            name,
            count: sum(&period.counts, wanted),
            before: sum(&before.counts, wanted),
        };
        let figures = wanted.iter().map(|(name, wanted)| figure(name, wanted)).collect();
        let rules = O::ALL.iter().filter(|outcome| is_refusal(**outcome));
        let by_rule = |rule: &O| figure(rule.label(), &|kind, outcome| may_be_refused(kind) && outcome == *rule);
        let refusals = rules.map(by_rule).collect();
        Self { period, before, figures, refusals }
    }
}

/// Which events are added up.
pub(super) type Wanted = fn(Kind, Outcome) -> bool;
pub(super) const ISSUED: Wanted = |kind, outcome| kind == Kind::Send && outcome == Outcome::Issued;
pub(super) const APPROVED: Wanted = |kind, outcome| kind == Kind::Check && outcome == Outcome::Approved;
pub(super) const WRONG: Wanted = |kind, outcome| kind == Kind::Check && is_wrong(outcome);
pub(super) const REFUSED: Wanted = |kind, outcome| may_be_refused(kind) && is_refusal(outcome);

/// How many of them there are.
pub(super) fn sum(counts: &Counts, wanted: impl Fn(Kind, Outcome) -> bool) -> u64 {
    counts.iter().filter(|((kind, outcome), _)| wanted(*kind, *outcome)).map(|(_, count)| count).sum()
}

/// Lockouts and hard stops have their rule for an outcome, too.
fn may_be_refused(kind: Kind) -> bool {
    matches!(kind, Kind::Send | Kind::Check | Kind::Request | Kind::Failure | Kind::Success)
}

fn is_wrong(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables | Outcome::Unsettled)
}

/// When a period begins or ends, as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many ms ago.
    Ago(u64),
    /// Then, ms since 1970.
    Instant(u64),
}

impl When {
    /// A whole number with `m`, `h` or `d`, or an instant (RFC 3339) from 1970 on.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(instant) = humantime::parse_rfc3339(text) {
            return u64::try_from(instant.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok().map(Self::Instant);
        }
        let units = [('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
        let (unit, ms) = units.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
        let digits = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u64>().ok()?.checked_mul(ms).map(Self::Ago)
    }

    /// The same in ms since 1970.
    pub fn at(self, now_ms: u64) -> u64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms),
            Self::Instant(ms) => ms,
        }
    }
}
