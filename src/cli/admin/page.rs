//! A review as a page that stands by itself: without a script, loading nothing, to be read and printed. Foreign text is
//! only text.

use serde_json::Value;

use super::{
    render::{at, instant_of, list, name_of, of_millis, shown, words_of},
    review::{change, hours},
    text::inert,
};

const STYLE: &str = include_str!("page.css");

/// What stands in a column, and under which heading.
type Cells = &'static [(&'static str, fn(&Value) -> String)];

const LOCKED_OUT: Cells = &[
    ("User", name_of),
    ("Tenant", |one| shown(one, "tenant")),
    ("Lockouts", |one| shown(one, "lockouts")),
    ("Hard stop", |one| if at(one, "disabled") == true { "yes" } else { "–" }.to_owned()),
    ("Last", |one| instant_of(one, "last_at")),
];
const NETWORKS: Cells = &[
    ("Network", |one| if at(one, "ip").is_string() { shown(one, "ip") } else { shown(one, "ip_ref") }),
    ("Refusals and failures", |one| shown(one, "count")),
];
const ACTS: Cells = &[
    ("Time", |act| of_millis(act, "time_ms")),
    ("Operator", |act| shown(act, "actor")),
    ("Act", |act| shown(act, "type")),
    ("Whom", |act| shown(act, "subject_ref")),
    ("Reason", |act| shown(act, "who.reason")),
];
const LOOKS: Cells = &[
    ("Operator", |one| shown(one, "actor")),
    ("At", |one| shown(one, "type")),
    ("How often", |one| shown(one, "count")),
];

/// The page.
pub fn page(report: &Value) -> String {
    let before = at(report, "before");
    let period = |of: &Value| format!("{} to {}", instant_of(of, "from"), instant_of(of, "until"));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Security review</title>\n<style>{STYLE}</style>\n<main><h1>Security review</h1>\n<p>{}<br><i>beside {}</i></p>\n",
        escaped(&period(report)),
        escaped(&period(before)),
    );
    let longer = hours(report) / hours(before);
    for (title, figures) in [("Figures", "figures"), ("Refusals by rule", "refusals")] {
        let rows: String = list(report, figures).iter().map(|figure| drawn(figure, longer)).collect();
        page += &section(title, &["What", "Period", "Before", "Change", "Trend"], &rows);
    }
    let lists = [
        ("Locked out", "locked_out.subjects", LOCKED_OUT),
        ("Busiest networks", "networks", NETWORKS),
        ("Acts of operators", "acts", ACTS),
        ("Looks of operators", "looks", LOOKS),
    ];
    for (title, entries, cells) in lists.into_iter().filter(|(_, entries, _)| at(report, entries).is_array()) {
        let row = |entry: &Value| row(cells.iter().map(|(_, cell)| escaped(&cell(entry))));
        let headings: Vec<_> = cells.iter().map(|(heading, _)| *heading).collect();
        page += &section(title, &headings, &list(report, entries).iter().map(row).collect::<String>());
    }
    page + "</main></html>\n"
}

/// A figure with the one of before, and both as bars: as there would be in a period that is as long.
fn drawn(figure: &Value, longer: f64) -> String {
    let number = |name: &str| at(figure, name).as_u64().unwrap_or(0);
    let (count, before) = (number("count"), number("before"));
    let (now, then) = (count as f64 / longer, before as f64);
    let width = |n: f64| 100.0 * n / now.max(then).max(1.0);
    let bars = format!(
        "<svg viewBox=\"0 0 100 12\" role=\"img\" aria-label=\"{now:.0} beside {then:.0}\"><rect width=\"{:.1}\" height=\"5\"/>\
         <rect class=\"before\" y=\"7\" width=\"{:.1}\" height=\"5\"/></svg>",
        width(now),
        width(then)
    );
    row([escaped(&words_of(figure, "name")), count.to_string(), before.to_string(), change(now, then), bars])
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("<tr><td>{}</tr>\n", cells.into_iter().collect::<Vec<_>>().join("<td>"))
}

fn section(title: &str, headings: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return format!("<h2>{title}</h2>\n<p>None.</p>\n");
    }
    let headings: String = headings.iter().map(|heading| format!("<th scope=\"col\">{heading}")).collect();
    format!("<h2>{title}</h2>\n<table><thead><tr>{headings}</thead>\n<tbody>{rows}</tbody></table>\n")
}

/// Text of anybody's: nothing in it is markup, and nothing of it is invisible.
fn escaped(text: &str) -> String {
    inert(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
