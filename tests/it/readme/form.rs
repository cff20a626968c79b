//! What every document keeps to: short, readable on a phone, and each page led to.

use std::{fs, path::Path};

use super::{links::documents, pages::PAGES};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Three screens, and the two clients to copy.
const README_LINES: usize = 350;
/// Of all pages under `deploy/docs` together.
const PAGES_LINES: usize = 2545;
/// Of a line of code, and of a table, that a phone shows without scrolling much.
const CODE_CHARS: usize = 100;
const COLUMNS: usize = 4;

fn text(document: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(document)).unwrap()
}

#[test]
fn the_readme_and_its_pages_stay_short() {
    let lines = |of: &str| -> usize {
        PAGES.iter().filter(|page| page.path.starts_with(of)).map(|page| page.text.lines().count()).sum()
    };
    let (readme, pages) = (lines("README.md"), lines("deploy/docs/"));
    assert!(readme <= README_LINES, "README.md: {readme}");
    assert!(pages <= PAGES_LINES, "deploy/docs: {pages}");
}

#[test]
fn every_page_is_checked_and_led_to_from_the_readme() {
    let readme = text("README.md");
    for file in documents().iter().filter(|document| document.starts_with("deploy/docs/")) {
        assert!(PAGES.iter().any(|page| page.path == file), "{file} is not in PAGES");
    }
    for page in PAGES.iter().skip(1) {
        assert!(readme.contains(&format!("]({})", page.path)), "the README does not lead to {}", page.path);
    }
}

/// What a phone cannot show of a document.
fn too_wide(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let wide = |line: &&str| {
        fenced ^= line.trim_start().starts_with("```");
        match fenced {
            true => line.chars().count() > CODE_CHARS,
            false => line.starts_with('|') && columns(line) > COLUMNS,
        }
    };
    text.lines().filter(wide).collect()
}

/// Cells of a row; a stroke in code parts none.
fn columns(row: &str) -> usize {
    let outside: String = row.split('`').step_by(2).collect();
    outside.matches('|').count() - 1
}

#[test]
fn every_document_can_be_read_on_a_phone() {
    let wide: Vec<_> = documents()
        .into_iter()
        .flat_map(|document| {
            let text = text(&document);
            too_wide(&text).into_iter().map(|line| format!("{document}: {line}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn what_is_too_wide_is_found() {
    let code = format!("```sh\n{}\n```\n{}\n", "x".repeat(101), "y".repeat(101));
    assert_eq!(too_wide(&code), ["x".repeat(101)]);
    assert_eq!(too_wide("| 1 | 2 | 3 | `a|b` |\n| 1 | 2 | 3 | 4 | 5 |\n"), ["| 1 | 2 | 3 | 4 | 5 |"]);
}

/// A block behind `<!-- file: path -->` is that file.
#[test]
fn every_file_that_is_shown_is_shown_as_it_is() {
    let shown = PAGES.iter().flat_map(|page| page.text.split("<!-- file: ").skip(1));
    let mut count = 0;
    for piece in shown {
        let (path, rest) = piece.split_once(" -->\n```").unwrap();
        let (_, block) = rest.split_once('\n').unwrap();
        let (block, _) = block.split_once("\n```").unwrap();
        assert_eq!(block, text(path).trim_end(), "{path}");
        count += 1;
    }
    assert_eq!(count, 2, "both clients");
}

#[test]
fn the_figures_of_the_readme_are_those_that_were_measured() {
    let measured = text("deploy/docs/performance.md");
    let rows = super::table::rows("figure");
    assert_eq!(rows.len(), 3);
    for row in rows {
        for figure in row[1].split(" / ") {
            assert!(measured.contains(&format!(" {figure} ")), "{}: {figure}", row[0]);
        }
    }
}
