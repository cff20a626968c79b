//! Tables of the pages.

use super::pages::PAGES;

/// The cells of every row of the table whose first column is headed `first`.
///
/// # Panics
/// If there is none.
pub fn rows(first: &str) -> Vec<Vec<&'static str>> {
    let head = format!("| {first} |");
    let lines = PAGES.iter().flat_map(|page| page.text.lines());
    let mut lines = lines.skip_while(|line| !line.starts_with(&head)).skip(2);
    let rows: Vec<_> = lines.by_ref().take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(!rows.is_empty(), "no table with {head}");
    rows
}

fn cells(row: &'static str) -> Vec<&'static str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// The words of a cell that are set as code.
pub fn words(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split('`').skip(1).step_by(2)
}

/// The only word of a cell that is set as code.
#[track_caller]
pub fn word(cell: &'static str) -> &'static str {
    let mut all = words(cell);
    match (all.next(), all.next()) {
        (Some(word), None) => word,
        _ => panic!("not one word: {cell}"),
    }
}

#[test]
fn a_table_is_found_by_its_head_and_read_cell_by_cell() {
    let rows = rows("exit code");
    assert_eq!(rows[0][0], "0");
    assert_eq!(words("`a`, `b`").collect::<Vec<_>>(), ["a", "b"]);
}
