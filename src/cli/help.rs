//! The table of variables, as `--help` and `deploy/docs/reference.md` show it.

use std::fmt::Write as _;

use crate::config::{table::VARIABLES, variable::Variable};

/// The rows of the table by the heading under which they are listed.
fn groups() -> impl Iterator<Item = &'static [&'static Variable]> {
    VARIABLES.chunk_by(|one, next| one.group == next.group)
}

fn title(group: &[&Variable]) -> &'static str {
    group.first().map_or("", |row| row.group)
}

/// The section of `--help` that lists every variable with its defaults.
pub fn variables() -> String {
    let mut text = String::from("Environment (a secret NAME can also be given as NAME_FILE):");
    let width = VARIABLES.iter().map(|row| row.name.len()).max().unwrap_or_default();
    for group in groups() {
        let _ = write!(text, "\n\n {}:", title(group));
        for row in group {
            let _ = write!(text, "\n  {:width$}  {}{}", row.name, row.help.replace('`', ""), default(row));
        }
    }
    text
}

fn default(row: &Variable) -> String {
    let other = |name: &str, value: &str| match value {
        same if same == row.hardened => String::new(),
        value => format!("; {name}: {value}"),
    };
    match row.hardened {
        "" => String::new(),
        hardened => {
            format!(" [{hardened}{}{}]", other("balanced", row.balanced), other("development", row.development))
        }
    }
}

/// The reference's tables of variables in Markdown, one per concern.
pub fn readme_table() -> String {
    let mut text = String::new();
    for group in groups() {
        let _ = write!(
            text,
            "### {}\n\n| variable | `hardened` | `balanced` | meaning |\n|---|---|---|---|\n",
            title(group)
        );
        for row in group {
            let (hardened, balanced) = (cell(row.hardened), cell(row.balanced));
            let (name, help, forms) = (row.name, row.help, forms(row));
            let development = match row.development {
                same if same == row.hardened => String::new(),
                value => format!("; `development`: {}", cell(value)),
            };
            let _ = writeln!(text, "| `{name}` | {hardened} | {balanced} | {help}{forms}{development} |");
        }
        text.push('\n');
    }
    text
}

fn cell(default: &str) -> String {
    match default {
        "" => "—".into(),
        // Defaults that are found at run time are described in words.
        words if words.contains(' ') => words.into(),
        value => format!("`{value}`"),
    }
}

fn forms(row: &Variable) -> &'static str {
    match (row.per_purpose, row.is_secret()) {
        (true, _) => "; also per purpose (`__PURPOSE`)",
        (_, true) => "; also as `_FILE`",
        _ => "",
    }
}
