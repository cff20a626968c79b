//! A review: what it says, drawn up once, and as Markdown that can be read as it stands, in which foreign text is only text.

use std::{ffi::OsString, path::PathBuf};

use serde_json::{Value, json};

use super::{
    call::Command,
    console::Console,
    exchange::show,
    render::{Column, at, column, instant_of, list, of_millis, shown, text_of, words_of},
    text::cell,
};
use crate::cli::{
    audit::review::{Asked, draw},
    exit::Failure,
};

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
    Some(draw(asked, environment.to_vec()).and_then(|answer| show(given, &answer, console)))
}

/// A review as it is read, on paper or on a screen.
pub(super) struct Review {
    /// From when to when.
    pub(super) period: String,
    /// The same of what it is beside.
    pub(super) before: String,
    /// What is to be said of it, a paragraph each.
    pub(super) remarks: Vec<String>,
    pub(super) tables: Vec<Table>,
}

/// A heading and what stands under it.
pub(super) struct Table {
    pub(super) title: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) entries: Vec<Value>,
    /// What is said where there are none.
    pub(super) nothing: &'static str,
    /// That there are more than are listed, if there are.
    pub(super) more: String,
}

impl Review {
    /// Draws it up from an answer.
    pub(super) fn of(report: &Value) -> Self {
        let (before, verified) = (at(report, "before"), at(report, "verified"));
        let period = |of: &Value| format!("{} to {}", instant_of(of, "from"), instant_of(of, "until"));
        let longer = hours(report) / hours(before);
        let figures = |title, name| Table {
            title,
            columns: FIGURES,
            entries: list(report, name).iter().map(|of| figure(of, longer)).collect(),
            nothing: "Nothing was counted.",
            more: String::new(),
        };
        let mut tables = vec![figures("Figures", "figures"), figures("Refusals by rule", "refusals")];
        let mut remarks = vec!["The sums are exact; change is that of how much there was in an hour.".to_owned()];
        if !verified.is_object() {
            let elsewhere =
                "Who was locked out and what operators did is in the audit trail: `otp-sidecar report DIR`.";
            remarks.push(elsewhere.to_owned());
            return Self { period: period(report), before: period(before), remarks, tables };
        }
        remarks.push(trails(verified, text_of(before, "from")));
        let listed = |title, columns, name, nothing| {
            let entries = list(report, name).to_vec();
            Table { title, columns, entries, nothing, more: String::new() }
        };
        let more = |table: Table, total, what| {
            let more = at(report, total).as_u64().unwrap_or(0).saturating_sub(table.entries.len() as u64);
            Table { more: if more > 0 { format!("{more} more {what}.") } else { String::new() }, ..table }
        };
        let locked_out = listed("Locked out", LOCKED_OUT, "locked_out.subjects", "Nobody was locked out.");
        let acts = listed("Acts of operators", ACTS, "acts", "Nobody acted.");
        tables.extend([
            more(locked_out, "locked_out.known", "subjects are not listed here"),
            listed("Busiest networks", NETWORKS, "networks", "No network was refused or failed."),
            more(acts, "acts_total", "acts are in the audit trail"),
            listed("Looks of operators", LOOKS, "looks", "Nobody looked."),
        ]);
        Self { period: period(report), before: period(before), remarks, tables }
    }
}

/// The review as Markdown.
pub fn markdown(report: &Value) -> String {
    let Review { period, before, remarks, tables } = Review::of(report);
    let mut text = format!("# Security review\n\nPeriod: {period}. Before: {before}.\n");
    text.extend(remarks.iter().map(|remark| format!("\n{remark}\n")));
    for Table { title, columns, entries, nothing, more } in tables {
        text += &format!("\n## {title}\n\n");
        if entries.is_empty() {
            text += &format!("{nothing}\n");
            continue;
        }
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        text += &row(columns.iter().map(|column| column.heading.to_owned()).collect());
        text += &format!("|{}\n", "---|".repeat(columns.len()));
        let cell = |column: &Column, entry: &Value| {
            let text = column.of(entry);
            if column.is_foreign { span(&text) } else { plain(&text) }
        };
        text.extend(entries.iter().map(|entry| row(columns.iter().map(|column| cell(column, entry)).collect())));
        if !more.is_empty() {
            text += &format!("\n{more}\n");
        }
    }
    text
}

/// What can be said of the trails that it is from.
fn trails(verified: &Value, before: &str) -> String {
    let (trails, events) = (shown(verified, "trails"), shown(verified, "events"));
    let mut text = format!("From {events} events in {trails} audit trails, which are as they were written.");
    if at(verified, "key_believed") == true {
        text += " The trails' own public key was believed; give --public-key, from elsewhere.";
    }
    if text_of(verified, "first_at") > before {
        text += &format!(" They begin at {}: of what was before they tell nothing.", instant_of(verified, "first_at"));
    }
    text + " Users and networks are named by reference: `otp-sidecar inspect --ref` knows who that is."
}

/// How long a period is; 1 where it does not say.
fn hours(period: &Value) -> f64 {
    let at = |name: &str| humantime::parse_rfc3339(text_of(period, name)).ok();
    let length = at("until").zip(at("from")).and_then(|(until, from)| until.duration_since(from).ok());
    length.map(|length| length.as_secs_f64() / 3600.0).filter(|hours| *hours > 0.0).unwrap_or(1.0)
}

/// A figure with `rate`, how much of it there were in as long a time as before, and how that differs.
fn figure(figure: &Value, longer: f64) -> Value {
    let number = |name: &str| at(figure, name).as_u64().unwrap_or(0);
    let (count, before) = (number("count"), number("before"));
    let rate = count as f64 / longer;
    let change = change(rate, before as f64);
    json!({"name": words_of(figure, "name"), "count": count, "before": before, "rate": rate, "change": change})
}

/// By how much it grew; nothing grows by no percentage.
fn change(count: f64, before: f64) -> String {
    match (count > 0.0, before > 0.0) {
        (false, false) => "-".to_owned(),
        (true, false) => "new".to_owned(),
        _ => format!("{:+.0} %", (count - before) / before * 100.0),
    }
}

const FIGURES: &[Column] =
    &[column("what", "name"), column("period", "count"), column("before", "before"), column("change", "change")];

const LOCKED_OUT: &[Column] = &[
    column("subject", "subject_ref").foreign(),
    column("tenant", "tenant").foreign(),
    column("lockouts", "lockouts"),
    column("disabled", "disabled").by(|one, path| if at(one, path) == true { "yes" } else { "-" }.to_owned()),
    column("last", "last_at").time(),
];

const NETWORKS: &[Column] = &[column("network", "ip_ref").foreign(), column("refusals and failures", "count")];

const ACTS: &[Column] = &[
    column("time", "time_ms").by(of_millis),
    column("actor", "actor").foreign(),
    column("act", "type"),
    column("outcome", "outcome"),
    column("whom", "subject_ref").foreign().by(|act, path| match text_of(act, path) {
        "" => shown(act, "ip_ref"),
        reference => reference.to_owned(),
    }),
];

const LOOKS: &[Column] = &[
    column("actor", "actor").foreign(),
    column("at", "type").by(|look, path| text_of(look, path).trim_start_matches("admin.").to_owned()),
    column("how often", "count"),
];

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
    let ours = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | ':' | '+' | '%');
    if text.chars().all(ours) { text.to_owned() } else { span(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_that_of_the_rate() {
        let of = |from: &str, until: &str| json!({"from": from, "until": until});
        let three = of("2026-01-01T00:00:00Z", "2026-01-01T03:00:00Z");
        let two = of("2025-12-31T22:00:00Z", "2026-01-01T00:00:00Z");
        let longer = hours(&three) / hours(&two);
        for (count, before, change) in
            [(30, 20, "+0 %"), (15, 20, "-50 %"), (1, 0, "new"), (0, 0, "-"), (0, 4, "-100 %")]
        {
            assert_eq!(figure(&json!({"count": count, "before": before}), longer)["change"], change);
        }
        assert!((hours(&json!({})) - 1.0).abs() < f64::EPSILON);
    }
}
