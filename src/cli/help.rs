//! The table of variables, as `--help` shows it.

use std::fmt::Write as _;

use crate::config::{
    Preset,
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
    let hardened = row.default_of(Preset::Hardened);
    let other = |name: &str, preset| match row.default_of(preset) {
        same if same == hardened => String::new(),
        value => format!("; {name}: {value}"),
    };
    let others = other("balanced", Preset::Balanced) + &other("development", Preset::Development);
    if hardened.is_empty() { String::new() } else { format!(" [{hardened}{others}]") }
}
