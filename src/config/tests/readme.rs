//! The reference's variables are those of the table. `UPDATE_README=1` writes them instead of comparing.

use std::fs;

use crate::cli::help::readme_table;

const BEGIN: &str = "<!-- variables:begin -->";
const END: &str = "<!-- variables:end -->";

#[test]
fn the_readme_lists_the_variables_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/docs/reference.md");
    let page = fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect(BEGIN);
    let (listed, after) = rest.split_once(END).expect(END);
    let wanted = format!("\n{}\n", readme_table().trim_end());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
    } else {
        assert_eq!(listed, wanted, "deploy/docs/reference.md is behind the table: run this test with UPDATE_README=1");
    }
}
