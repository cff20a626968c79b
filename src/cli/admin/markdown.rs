//! A review's figures as Markdown that can be read as it stands, and in which foreign text is only text.

use serde_json::Value;

use super::{
    list, shown,
    text::cell,
    text_of,
    time::{instant, of_millis},
    whom::name_of,
};

/// The review.
pub fn review(report: &Value) -> String {
    let before = report.get("before").unwrap_or(&Value::Null);
    let period = |of: &Value| format!("{} to {}", instant(&shown(of, "from")), instant(&shown(of, "until")));
    let mut text = format!(
        "# Security review\n\nPeriod: {}. Before: {}.\n\n\
         The sums are exact; change is that of how much there was in an hour. What is listed by name is what is still known.\n",
        period(report),
        period(before)
    );
    let longer = hours(report) / hours(before);
    text += &figures("Figures", "figure", list(report, "figures"), longer);
    text += &figures("Refusals by rule", "rule", list(report, "refusals"), longer);
    text += &locked_out(report.get("locked_out").unwrap_or(&Value::Null));
    text += &networks(list(report, "networks"));
    text += &acts(report);
    text += &looks(list(report, "looks"));
    text
}

/// How long a period is; 1 where it does not say.
fn hours(period: &Value) -> f64 {
    let at = |name: &str| humantime::parse_rfc3339(text_of(period, name)).ok();
    let length = at("until").zip(at("from")).and_then(|(until, from)| until.duration_since(from).ok());
    length.map(|length| length.as_secs_f64() / 3600.0).filter(|hours| *hours > 0.0).unwrap_or(1.0)
}

fn figures(title: &str, what: &str, figures: &[Value], longer: f64) -> String {
    let mut rows = Rows::new(title, &[what, "period", "before", "change"]);
    for figure in figures {
        let number = |name: &str| figure.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (count, before) = (number("count"), number("before"));
        let name = text_of(figure, "name").replace('_', " ");
        rows.add([plain(&name), count.to_string(), before.to_string(), change(count as f64 / longer, before as f64)]);
    }
    rows.text("Nothing was counted.")
}

/// By how much it grew; nothing grows by no percentage.
fn change(count: f64, before: f64) -> String {
    match (count > 0.0, before > 0.0) {
        (false, false) => "-".to_owned(),
        (true, false) => "new".to_owned(),
        _ => format!("{:+.0} %", (count - before) / before * 100.0),
    }
}

fn locked_out(of: &Value) -> String {
    let mut rows = Rows::new("Locked out", &["subject", "tenant", "lockouts", "disabled", "last"]);
    let subjects = list(of, "subjects");
    for one in subjects {
        let disabled = if one.get("disabled") == Some(&Value::Bool(true)) { "yes" } else { "-" };
        let last = instant(&shown(one, "last_at"));
        let (name, tenant) = (span(&name_of(one)), span(&shown(one, "tenant")));
        rows.add([name, tenant, shown(one, "lockouts"), disabled.to_owned(), plain(&last)]);
    }
    let known = of.get("known").and_then(Value::as_u64).unwrap_or(0);
    let more = known.saturating_sub(subjects.len() as u64);
    let rest = if more > 0 { format!("\n{more} more subjects are not named here.\n") } else { String::new() };
    rows.text("Nobody was locked out.") + &rest
}

fn networks(networks: &[Value]) -> String {
    let mut rows = Rows::new("Busiest networks", &["address", "reference", "refusals and failures"]);
    for network in networks {
        rows.add([span(&shown(network, "ip")), span(&shown(network, "ip_ref")), shown(network, "count")]);
    }
    rows.text("No network was refused or failed.")
}

fn acts(report: &Value) -> String {
    let acts = list(report, "acts");
    let mut rows = Rows::new("Acts of operators", &["time", "actor", "act", "outcome", "whom", "reason"]);
    for act in acts {
        let known = act.get("who").unwrap_or(&Value::Null);
        let whom = match (text_of(known, "subject"), text_of(known, "ip"), text_of(act, "subject_ref")) {
            ("", "", "") => "-".to_owned(),
            ("", "", reference) => format!("({reference})"),
            ("", ip, _) => ip.to_owned(),
            (subject, ..) => subject.to_owned(),
        };
        let at = of_millis(act.get("time_ms").and_then(Value::as_u64).unwrap_or(0));
        let (actor, kind) = (span(&shown(act, "actor")), plain(&shown(act, "type")));
        let (outcome, reason) = (plain(&shown(act, "outcome")), span(&shown(known, "reason")));
        rows.add([at, actor, kind, outcome, span(&whom), reason]);
    }
    let total = report.get("acts_total").and_then(Value::as_u64).unwrap_or(0);
    let more = total.saturating_sub(acts.len() as u64);
    let rest = if more > 0 { format!("\n{more} more acts are in the audit trail.\n") } else { String::new() };
    rows.text("Nobody acted.") + &rest
}

fn looks(looks: &[Value]) -> String {
    let mut rows = Rows::new("Looks of operators", &["actor", "at", "how often"]);
    for look in looks {
        let at = text_of(look, "type").trim_start_matches("admin.").to_owned();
        rows.add([span(&shown(look, "actor")), plain(&at), shown(look, "count")]);
    }
    rows.text("Nobody looked.")
}

/// A section with a table.
struct Rows {
    head: String,
    rows: String,
}

impl Rows {
    fn new(title: &str, columns: &[&str]) -> Self {
        let head = format!("\n## {title}\n\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
        Self { head, rows: String::new() }
    }

    fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        self.rows += &format!("| {} |\n", cells.join(" | "));
    }

    fn text(self, nothing: &str) -> String {
        if self.rows.is_empty() {
            let title = self.head.lines().nth(1).unwrap_or_default();
            return format!("\n{title}\n\n{nothing}\n");
        }
        self.head + &self.rows
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
        let empty = review(&json!({}));
        for nothing in ["Nothing was counted.", "Nobody was locked out.", "Nobody acted.", "Nobody looked."] {
            assert!(empty.contains(nothing), "{empty}");
        }
        let report = json!({
            "from": "2026-01-01T00:00:00.000Z", "until": "2026-01-31T00:00:00.000Z",
            "before": {"from": "2025-12-02T00:00:00.000Z", "until": "2026-01-01T00:00:00.000Z"},
            "figures": [{"name": "codes_issued", "count": 5, "before": 4}, {"name": "lockouts", "count": 1, "before": 0}],
            "locked_out": {"known": 3, "subjects": [{"subject": "a|b", "subject_ref": "00", "tenant": "shop",
                "lockouts": 2, "disabled": true, "last_at": "2026-01-02T03:04:05.678Z"}]},
            "acts": [{"time_ms": 1_767_261_900_123u64, "actor": "ops", "type": "admin.unlock", "outcome": "recorded",
                "who": {"subject": "ann", "reason": "`rm`"}}],
            "acts_total": 1,
        });
        let text = review(&report);
        for line in [
            "Period: 2026-01-01 00:00:00Z to 2026-01-31 00:00:00Z. Before: 2025-12-02 00:00:00Z to 2026-01-01 00:00:00Z.",
            "| codes issued | 5 | 4 | +25 % |",
            "| lockouts | 1 | 0 | new |",
            "| `a\\|b` | `shop` | 2 | yes | 2026-01-02 03:04:05Z |",
            "2 more subjects are not named here.",
            "| 2026-01-01 10:05:00Z | `ops` | admin.unlock | recorded | `ann` | `` `rm` `` |",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
        }
    }
}
