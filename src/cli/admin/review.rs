//! A review's figures as Markdown that can be read as it stands, and in which foreign text is only text.

use std::{ffi::OsString, path::PathBuf};

use serde_json::Value;

use super::{
    call::Command,
    console::Console,
    exchange::show,
    failure::Failure,
    render::{Column, at, instant_of, list, of_millis, shown, text_of, words_of},
    text::cell,
};
use crate::cli::audit::review::{Asked, draw};

/// The review that trails tell, where some are named.
pub fn of_trails(
    given: &Command,
    environment: &[(OsString, OsString)],
    console: &mut Console<'_>,
) -> Option<Result<(), Failure>> {
    let dirs: Vec<PathBuf> = given.texts("dirs").into_iter().map(PathBuf::from).collect();
    let asked = Asked {
        since: given.text("since").filter(|_| !dirs.is_empty())?,
        until: given.text("until"),
        public_key: given.text("public_key"),
        dirs,
    };
    let drawn = draw(asked, environment.to_vec()).map_err(|(exit, why)| Failure::said(exit, why));
    Some(drawn.and_then(|answer| show(given, &answer, console)))
}

/// The review.
pub fn review(report: &Value) -> String {
    let before = at(report, "before");
    let period = |of: &Value| format!("{} to {}", instant_of(of, "from"), instant_of(of, "until"));
    let mut text = format!(
        "# Security review\n\nPeriod: {}. Before: {}.\n\n\
         The sums are exact; change is that of how much there was in an hour.\n",
        period(report),
        period(before)
    );
    let verified = at(report, "verified");
    if verified.is_object() {
        text += &trails(verified, text_of(before, "from"));
    }
    let longer = hours(report) / hours(before);
    for (title, what, figures) in [("Figures", "figure", "figures"), ("Refusals by rule", "rule", "refusals")] {
        let rows: Vec<_> = list(report, figures).iter().map(|figure| figure_row(figure, longer)).collect();
        text += &section(title, &[what, "period", "before", "change"], &rows, "Nothing was counted.");
    }
    if !verified.is_object() {
        return text + "\nWho was locked out and what operators did is in the audit trail: `otp-sidecar report DIR`.\n";
    }
    let subjects = list(report, "locked_out.subjects");
    text += &columns("Locked out", LOCKED_OUT, subjects, "Nobody was locked out.");
    text += &more(at(report, "locked_out.known"), subjects, "subjects are not listed here");
    text += &columns("Busiest networks", NETWORKS, list(report, "networks"), "No network was refused or failed.");
    text += &columns("Acts of operators", ACTS, list(report, "acts"), "Nobody acted.");
    text += &more(at(report, "acts_total"), list(report, "acts"), "acts are in the audit trail");
    text + &columns("Looks of operators", LOOKS, list(report, "looks"), "Nobody looked.")
}

/// What can be said of the trails that it is from.
fn trails(verified: &Value, before: &str) -> String {
    let (trails, events) = (shown(verified, "trails"), shown(verified, "events"));
    let mut text = format!("\nFrom {events} events in {trails} audit trails, which are as they were written.");
    if at(verified, "key_believed") == true {
        text += " The trails' own public key was believed; give --public-key, from elsewhere.";
    }
    let first = text_of(verified, "first_at");
    if first > before {
        text += &format!(" They begin at {}: of what was before they tell nothing.", instant_of(verified, "first_at"));
    }
    text + " Users and networks are named by reference: `otp-sidecar inspect --ref` knows who that is.\n"
}

/// How long a period is; 1 where it does not say.
pub(super) fn hours(period: &Value) -> f64 {
    let at = |name: &str| humantime::parse_rfc3339(text_of(period, name)).ok();
    let length = at("until").zip(at("from")).and_then(|(until, from)| until.duration_since(from).ok());
    length.map(|length| length.as_secs_f64() / 3600.0).filter(|hours| *hours > 0.0).unwrap_or(1.0)
}

fn figure_row(figure: &Value, longer: f64) -> Vec<String> {
    let number = |name: &str| at(figure, name).as_u64().unwrap_or(0);
    let (count, before) = (number("count"), number("before"));
    let change = change(count as f64 / longer, before as f64);
    vec![plain(&words_of(figure, "name")), count.to_string(), before.to_string(), change]
}

/// By how much it grew; nothing grows by no percentage.
pub(super) fn change(count: f64, before: f64) -> String {
    match (count > 0.0, before > 0.0) {
        (false, false) => "-".to_owned(),
        (true, false) => "new".to_owned(),
        _ => format!("{:+.0} %", (count - before) / before * 100.0),
    }
}

const LOCKED_OUT: &[Column] = &[
    Column::text("subject", |one| span(&shown(one, "subject_ref"))),
    Column::text("tenant", |one| span(&shown(one, "tenant"))),
    Column::text("lockouts", |one| shown(one, "lockouts")),
    Column::text("disabled", |one| if at(one, "disabled") == true { "yes" } else { "-" }.to_owned()),
    Column::text("last", |one| plain(&instant_of(one, "last_at"))),
];

const NETWORKS: &[Column] = &[
    Column::text("network", |network| span(&shown(network, "ip_ref"))),
    Column::text("refusals and failures", |network| shown(network, "count")),
];

const ACTS: &[Column] = &[
    Column::text("time", |act| of_millis(act, "time_ms")),
    Column::text("actor", |act| span(&shown(act, "actor"))),
    Column::text("act", |act| plain(&shown(act, "type"))),
    Column::text("outcome", |act| plain(&shown(act, "outcome"))),
    Column::text("whom", |act| match text_of(act, "subject_ref") {
        "" => span(&shown(act, "ip_ref")),
        reference => span(reference),
    }),
];

const LOOKS: &[Column] = &[
    Column::text("actor", |look| span(&shown(look, "actor"))),
    Column::text("at", |look| plain(text_of(look, "type").trim_start_matches("admin."))),
    Column::text("how often", |look| shown(look, "count")),
];

fn columns(title: &str, columns: &[Column], entries: &[Value], nothing: &str) -> String {
    let headings: Vec<_> = columns.iter().map(|column| column.heading).collect();
    let row = |entry: &Value| columns.iter().map(|column| (column.cell)(entry)).collect();
    section(title, &headings, &entries.iter().map(row).collect::<Vec<_>>(), nothing)
}

/// A heading with a table, or with a sentence that says that there is `nothing`.
fn section(title: &str, headings: &[&str], rows: &[Vec<String>], nothing: &str) -> String {
    if rows.is_empty() {
        return format!("\n## {title}\n\n{nothing}\n");
    }
    let rows: String = rows.iter().map(|cells| format!("| {} |\n", cells.join(" | "))).collect();
    format!("\n## {title}\n\n| {} |\n|{}\n{rows}", headings.join(" | "), "---|".repeat(headings.len()))
}

/// What says that there are more than are listed.
fn more(total: &Value, listed: &[Value], what: &str) -> String {
    match total.as_u64().unwrap_or(0).saturating_sub(listed.len() as u64) {
        0 => String::new(),
        more => format!("\n{more} more {what}.\n"),
    }
}

/// Foreign text, as a code span: nothing in it is markup, nor HTML, nor a link. The fence is longer than any run of
/// backticks in it, and a pipe does not end the cell.
fn span(text: &str) -> String {
    let text = cell(text).replace('|', "\\|");
    if text == "-" {
        return text;
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Words of ours, of which nothing but what stands in them is to be seen even if they were not.
fn plain(text: &str) -> String {
    let ours = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | ':');
    if text.chars().all(ours) { text.to_owned() } else { span(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn foreign_text_is_only_text() {
        for (text, shown) in [
            ("ann@example.com", "`ann@example.com`"),
            ("a|b", "`a\\|b`"),
            ("a`b``c", "```a`b``c```"),
            ("`a", "`` `a ``"),
            ("<script>alert(1)</script>", "`<script>alert(1)</script>`"),
            ("\n# heading\n{\"type\":\"admin.unlock\"}", "`\\u{a}# heading\\u{a}{\"type\":\"admin.unlock\"}`"),
            ("=HYPERLINK(\"x\")", "`'=HYPERLINK(\"x\")`"),
            ("\u{1b}[31m", "`\\u{1b}[31m`"),
            ("-", "-"),
        ] {
            assert_eq!(span(text), shown);
        }
        assert_eq!((plain("send quota"), plain("x*y")), ("send quota".into(), "`x*y`".into()));
    }

    #[test]
    fn growth_is_that_of_the_rate() {
        let of = |from: &str, until: &str| json!({"from": from, "until": until});
        let three = of("2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z");
        let two = of("2025-12-31T22:00:00Z", "2026-01-01T00:00:00Z");
        let longer = hours(&three) / hours(&two);
        assert_eq!(change(30.0 / longer, 20.0), "+0 %");
        assert_eq!(change(15.0 / longer, 20.0), "-50 %");
        assert_eq!((change(1.0, 0.0), change(0.0, 0.0), change(0.0, 4.0)), ("new".into(), "-".into(), "-100 %".into()));
        assert!((hours(&json!({})) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_review_has_every_section_whatever_there_is() {
        let empty = review(&json!({"verified": {}}));
        for nothing in ["Nothing was counted.", "Nobody was locked out.", "Nobody acted.", "Nobody looked."] {
            assert!(empty.contains(nothing), "{empty}");
        }
        let report = json!({
            "from": "2026-01-01T00:00:00.000Z", "until": "2026-01-31T00:00:00.000Z",
            "before": {"from": "2025-12-02T00:00:00.000Z", "until": "2026-01-01T00:00:00.000Z"},
            "figures": [{"name": "codes_issued", "count": 5, "before": 4}, {"name": "lockouts", "count": 1, "before": 0}],
            "verified": {"trails": 1, "events": 9, "first_at": "2026-01-01T00:00:00.000Z", "key_believed": true},
            "locked_out": {"known": 3, "subjects": [{"subject_ref": "a|b", "tenant": "shop",
                "lockouts": 2, "disabled": true, "last_at": "2026-01-02T03:04:05.678Z"}]},
            "acts": [{"time_ms": 1_767_261_900_123u64, "actor": "ops", "type": "admin.unlock", "outcome": "recorded",
                "subject_ref": "`rm`"}],
            "acts_total": 1,
        });
        let text = review(&report);
        for line in [
            "Period: 2026-01-01 00:00:00Z to 2026-01-31 00:00:00Z. Before: 2025-12-02 00:00:00Z to 2026-01-01 00:00:00Z.",
            "| codes issued | 5 | 4 | +25 % |",
            "| lockouts | 1 | 0 | new |",
            "| `a\\|b` | `shop` | 2 | yes | 2026-01-02 03:04:05Z |",
            "2 more subjects are not listed here.",
            "| 2026-01-01 10:05:00Z | `ops` | admin.unlock | recorded | `` `rm` `` |",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
        }
    }
}
