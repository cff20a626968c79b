//! The functions that one send passes, as the architecture lists them.

use std::fs;

use super::table::rows;

/// More than these are a way that nobody keeps in mind.
const MOST: usize = 38;
/// Hyper calls these.
const BY_HYPER: &str = "poll_";

/// The bodies of the functions of this name in a file as rustfmt writes it.
fn bodies(source: &str, name: &str) -> String {
    let mut all = String::new();
    let mut lines = source.lines();
    let begins = format!("fn {name}");
    while let Some(line) = lines.by_ref().find(|line| {
        line.split_once(&begins).is_some_and(|(_, rest)| rest.starts_with(['(', '<'])) && !line.contains("//")
    }) {
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        all.extend(lines.by_ref().take_while(|line| *line != end).flat_map(|line| [line, "\n"]));
    }
    all
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|one| one == word)
}

#[test]
fn one_send_passes_no_more_functions_than_are_listed_and_each_is_called_by_one_before() {
    let listed = rows("function");
    assert!((20..=MOST).contains(&listed.len()), "{}", listed.len());
    let mut before = String::new();
    for row in &listed {
        let [function, file] = [row[0], row[1]].map(|cell| cell.trim_matches('`'));
        let name = function.rsplit("::").next().unwrap();
        let source = fs::read_to_string(format!("src/{file}")).unwrap_or_else(|error| panic!("{file}: {error}"));
        let body = bodies(&source, name);
        assert!(!body.is_empty(), "{file} has no {function}");
        // The server is given the handler.
        let called = if function == "App::handle" { "handler" } else { name };
        let begins = before.is_empty() || name.starts_with(BY_HYPER);
        assert!(begins || has_word(&before, called), "nobody before it calls {function}");
        before += &body;
    }
}
