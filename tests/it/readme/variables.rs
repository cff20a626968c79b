//! The reference's variables are those of the table. `UPDATE_README=1` writes them instead of comparing.

use std::{fmt::Write as _, fs};

use otp_sidecar::config::{Preset, table::groups, variable::Variable};

const BEGIN: &str = "<!-- variables:begin -->";
const END: &str = "<!-- variables:end -->";

#[test]
fn the_readme_lists_the_variables_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/docs/reference.md");
    let page = fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect(BEGIN);
    let (listed, after) = rest.split_once(END).expect(END);
    let wanted = format!("\n{}\n", tables().trim_end());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert_eq!(listed, wanted, "deploy/docs/reference.md is behind the table: run this test with UPDATE_README=1");
    }
}

/// In Markdown, one per concern.
fn tables() -> String {
    let mut text = String::new();
    for group in groups() {
        let _ = write!(
            text,
            "### {}\n\n| variable | `hardened` | `balanced` | meaning |\n|---|---|---|---|\n",
            group[0].group
        );
        for row in group {
            let (hardened, balanced) = (cell(row.default_of(Preset::Hardened)), cell(row.default_of(Preset::Balanced)));
            let (name, help, forms) = (row.name, row.help, forms(row));
            let development = match row.default_of(Preset::Development) {
                same if same == row.default_of(Preset::Hardened) => String::new(),
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
    if row.per_channel {
        return "; per channel (`__CHANNEL`), also as `_FILE`";
    }
    match (row.per_purpose, row.is_secret()) {
        (true, _) => "; also per purpose (`__PURPOSE`)",
        (_, true) => "; also as `_FILE`",
        _ => "",
    }
}
