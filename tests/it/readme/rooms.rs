//! The rooms of the program point one way, in the order in which `lib.rs` maps them.

use std::{fs, path::Path};

/// Each may know those before it.
fn rooms() -> Vec<&'static str> {
    let map = include_str!("../../../src/lib.rs").lines();
    let cells = map.filter_map(|line| line.strip_prefix("//! | [")?.split_once(" | "));
    cells.flat_map(|(cell, _)| cell.split('`').skip(1).step_by(2)).collect()
}

/// The text of every file of a room but its tests.
fn text(path: &Path) -> String {
    if path.ends_with("tests") || path.ends_with("tests.rs") {
        return String::new();
    }
    if path.is_dir() {
        return fs::read_dir(path).unwrap().map(|entry| text(&entry.unwrap().path())).collect();
    }
    let file = fs::read_to_string(path).unwrap_or_default();
    let program = file.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    program.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// What follows each `crate::`, be it one name or the first names between its braces.
fn known(text: &str) -> Vec<String> {
    let mut known = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            known.push(rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default().to_owned());
            continue;
        };
        let mut depth = 0;
        let mut names = String::new();
        for c in group.chars() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                c if depth == 0 => names.push(c),
                _ => {}
            }
        }
        known.extend(names.split(',').map(|name| name.trim().split("::").next().unwrap_or_default().to_owned()));
    }
    known
}

#[test]
fn no_room_knows_one_below_it() {
    let rooms = rooms();
    for (at, room) in rooms.iter().enumerate() {
        let path = Path::new("src").join(room);
        let known = known(&(text(&path) + &text(&path.with_extension("rs"))));
        for below in &rooms[at + 1..] {
            assert!(!known.iter().any(|name| name == below), "{room} knows {below}");
        }
    }
    let entries = fs::read_dir("src").unwrap().map(|entry| entry.unwrap().path());
    for room in entries.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())) {
        assert!(matches!(&*room, "lib" | "main") || rooms.contains(&&*room), "{room} is not on the map of lib.rs");
    }
}

#[test]
fn names_are_found_in_groups_too() {
    assert_eq!(known("use crate::a::b; use crate::{c::{d, e}, f}; crate::g::h()"), ["a", "c", "f", "g"]);
}
