//! The table of variables, as `--help` shows it.

use std::fmt::Write as _;

use crate::config::{
    table::{VARIABLES, groups},
    variable::Variable,
};

/// The section of `--help` that lists every variable with its defaults.
pub fn variables() -> String {
    let mut text = String::from("Environment (a secret NAME can also be given as NAME_FILE):");
    let width = VARIABLES.iter().map(|row| row.name.len()).max().unwrap_or_default();
    for group in groups() {
        let _ = write!(text, "\n\n {}:", group.first().map_or("", |row| row.group));
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
