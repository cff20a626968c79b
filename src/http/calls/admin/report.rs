//! `GET /admin/v1/report`

use std::time::UNIX_EPOCH;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::stats::{ByType, by_type};
use crate::{
    event::Kind,
    http::{Problem, Query, RequestId, calls::Answered},
    policy::Outcome,
    service::{
        Service,
        admin::{
            Operator,
            report::{Busy, LockedOut, Report, Since},
            stats::{Counts, Period},
        },
        time::rfc3339,
    },
};

/// Where the call does not say: 30 days ago.
const DEFAULT: Since = Since::Ago(30 * 86_400_000);

#[derive(Serialize)]
struct Body {
    from: String,
    until: String,
    before: Before,
    /// Figure by figure, with that of the time before.
    figures: Vec<Figure>,
    refusals: Vec<Figure>,
    locked_out: LockedOutList,
    networks: Vec<ShownNetwork>,
    acts: Vec<Map<String, Value>>,
    acts_total: u64,
    looks: Vec<Look>,
    events: ByType,
}

#[derive(Serialize)]
struct Before {
    from: String,
    until: String,
    events: ByType,
}

#[derive(Serialize)]
struct Figure {
    name: &'static str,
    count: u64,
    before: u64,
}

#[derive(Serialize)]
struct LockedOutList {
    subjects: Vec<ShownSubject>,
    /// How many subjects there were, as far as their lines are kept; more than are named.
    known: usize,
}

#[derive(Serialize)]
struct ShownSubject {
    subject: Option<String>,
    subject_ref: String,
    tenant: Option<String>,
    lockouts: u64,
    disabled: bool,
    last_at: String,
}

#[derive(Serialize)]
struct ShownNetwork {
    ip_ref: String,
    ip: Option<String>,
    count: u64,
}

#[derive(Serialize)]
struct Look {
    actor: String,
    r#type: &'static str,
    count: u64,
}

/// Tells the figures of a review.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn report(
    service: &Service,
    operator: Operator<'_>,
    mut query: Query<'_>,
    id: &RequestId,
) -> Result<Answered, Problem> {
    let wrong = || Problem::invalid_field("since", WANTED);
    let since = query.take("since").map_or(Some(DEFAULT), |text| since(&text)).ok_or_else(wrong)?;
    query.finish()?;
    let report = service.review(operator, since).await?;
    Ok(Answered::json(StatusCode::OK, &shown(report.ok_or_else(wrong)?), "ok", id))
}

const WANTED: &str = "This must be a length of time such as 30d or 12h, or an instant such as 2026-01-31T00:00:00Z, \
                      between an hour and 31 days ago.";

/// A whole number with `m`, `h` or `d`, or an instant.
fn since(text: &str) -> Option<Since> {
    if let Ok(instant) = humantime::parse_rfc3339(text) {
        return u64::try_from(instant.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok().map(Since::Instant);
    }
    let units = [('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
    let (unit, ms) = units.into_iter().find(|(unit, _)| text.ends_with(*unit))?;
    let digits = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse::<u64>().ok()?.checked_mul(ms).map(Since::Ago)
}

fn shown(report: Report) -> Body {
    let Report { period, before, locked_out, locked_out_known, networks, acts, looks } = report;
    let act = |kind: Kind| kind.label().starts_with("admin.") && crate::audit::tally::is_act(kind);
    Body {
        from: rfc3339(period.from),
        until: rfc3339(period.until),
        figures: figures(&period.counts, &before.counts),
        refusals: refusals(&period.counts, &before.counts),
        acts_total: sum(&period.counts, |kind, _| act(kind)),
        events: by_type(&period.counts),
        before: shown_before(&before),
        locked_out: LockedOutList { subjects: locked_out.into_iter().map(subject).collect(), known: locked_out_known },
        networks: networks.into_iter().map(network).collect(),
        acts,
        looks: looks.into_iter().map(|((actor, kind), count)| Look { actor, r#type: kind.label(), count }).collect(),
    }
}

pub(in crate::http) fn sum(counts: &Counts, wanted: impl Fn(Kind, Outcome) -> bool) -> u64 {
    counts.iter().filter(|((kind, outcome), _)| wanted(*kind, *outcome)).map(|(_, count)| count).sum()
}

fn figures(counts: &Counts, before: &Counts) -> Vec<Figure> {
    use Outcome as O;
    type Wanted = fn(Kind, Outcome) -> bool;
    let wanted: [(&str, Wanted); 8] = [
        ("codes_issued", |kind, outcome| kind == Kind::Send && outcome == O::Issued),
        ("codes_approved", |kind, outcome| kind == Kind::Check && outcome == O::Approved),
        ("wrong_codes", |kind, outcome| kind == Kind::Check && wrong(outcome)),
        ("guard_failures", |kind, outcome| kind == Kind::Failure && wrong(outcome)),
        ("refusals", |kind, outcome| asked(kind) && refused(outcome)),
        ("lockouts", |kind, _| kind == Kind::Lockout),
        ("hard_stops", |kind, _| kind == Kind::Disable),
        ("not_me_reports", |kind, _| kind == Kind::Report),
    ];
    let figure = |(name, wanted): (&'static str, Wanted)| Figure {
        name,
        count: sum(counts, wanted),
        before: sum(before, wanted),
    };
    wanted.into_iter().map(figure).collect()
}

/// By rule.
fn refusals(counts: &Counts, before: &Counts) -> Vec<Figure> {
    let rules = Outcome::ALL.iter().copied().filter(|outcome| refused(*outcome));
    let figure = |rule: Outcome| {
        let of_rule = |kind: Kind, outcome: Outcome| asked(kind) && outcome == rule;
        Figure { name: rule.label(), count: sum(counts, of_rule), before: sum(before, of_rule) }
    };
    rules.map(figure).collect()
}

/// A call that may be refused: lockouts and hard stops have their rule for an outcome, too.
pub(in crate::http) fn asked(kind: Kind) -> bool {
    matches!(kind, Kind::Send | Kind::Check | Kind::Request | Kind::Failure | Kind::Success)
}

pub(in crate::http) fn refused(outcome: Outcome) -> bool {
    (20..=29).contains(&(outcome as u8))
}

pub(in crate::http) fn wrong(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables | Outcome::Unsettled)
}

fn shown_before(before: &Period) -> Before {
    Before { from: rfc3339(before.from), until: rfc3339(before.until), events: by_type(&before.counts) }
}

fn subject(one: LockedOut) -> ShownSubject {
    let (subject, tenant) = one.name.map(|name| (name.subject, name.tenant)).unzip();
    ShownSubject {
        subject,
        subject_ref: one.reference.hex(),
        tenant,
        lockouts: one.lockouts,
        disabled: one.disabled,
        last_at: rfc3339(one.last),
    }
}

fn network(busy: Busy) -> ShownNetwork {
    ShownNetwork { ip_ref: busy.reference.hex(), ip: busy.ip.map(|ip| ip.to_string()), count: busy.count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_or_an_instant_says_since_when() {
        for (text, ms) in [("30d", 2_592_000_000), ("12h", 43_200_000), ("90m", 5_400_000)] {
            assert_eq!(since(text), Some(Since::Ago(ms)), "{text}");
        }
        assert_eq!(since("2026-01-01T10:05:00.123Z"), Some(Since::Instant(1_767_261_900_123)));
        for wrong in ["", "d", "30", "-1d", "+1d", "1.5h", "30s", "1969-01-01T00:00:00Z", "99999999999999999999d", "é"]
        {
            assert_eq!(since(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn figures_add_up_what_belongs_together() {
        let counts = Counts::from([
            ((Kind::Send, Outcome::Issued), 7),
            ((Kind::Send, Outcome::QuotaIp), 3),
            ((Kind::Check, Outcome::WrongCodeLocks), 2),
            ((Kind::Check, Outcome::SubjectLocked), 4),
            ((Kind::Lockout, Outcome::SubjectLocked), 2),
        ]);
        let of = |figures: Vec<Figure>, name: &str| {
            figures.into_iter().find(|figure| figure.name == name).map(|figure| (figure.count, figure.before))
        };
        let both = || (figures(&counts, &Counts::new()), refusals(&counts, &counts));
        assert_eq!(of(both().0, "codes_issued"), Some((7, 0)));
        assert_eq!(of(both().0, "refusals"), Some((7, 0)));
        assert_eq!(of(both().0, "lockouts"), Some((2, 0)));
        assert_eq!(of(both().1, "subject_locked"), Some((4, 4)));
    }
}
