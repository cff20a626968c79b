//! No file knows, by way of whatever others, a file that knows it. A folder's own file and those in it are one thought: what these take
//! from it is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The names of a module and of those around it, outermost first.
type ModulePath = Vec<String>;

/// The modules below a folder by their paths, with their texts but for comments.
fn modules(folder: &Path, at: &[String], all: &mut BTreeMap<ModulePath, String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_stem().unwrap().to_str().unwrap().to_owned();
        let path: ModulePath = at.iter().cloned().chain((name != "mod").then_some(name)).collect();
        if entry.is_dir() {
            modules(&entry, &path, all);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).unwrap();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            all.insert(path, lines.flat_map(|line| [line, "\n"]).collect());
        }
    }
}

/// All paths that a tree of `use` names; `text` begins with it.
fn tree(text: &str, before: &[String], named: &mut Vec<ModulePath>) {
    let mut path = before.to_vec();
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if !word.is_empty() {
            path.push(word.to_owned());
        }
        match behind.strip_prefix("::") {
            Some(further) if further.starts_with('{') => {
                branches(&further[1..]).into_iter().for_each(|branch| tree(branch, &path, named));
                return;
            }
            Some(further) if !word.is_empty() => rest = further,
            _ => return named.push(path),
        }
    }
}

/// What stands between commas up to the brace that ends it all.
fn branches(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut all) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                all.push(text[begin..at].trim());
                begin = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    all.retain(|branch| !branch.is_empty());
    all
}

/// The modules that a text at `at` names, by `crate::…` or `super::…`.
fn known(all: &BTreeMap<ModulePath, String>, at: &[String], text: &str) -> BTreeSet<ModulePath> {
    let mut named = Vec::new();
    for (place, _) in text.match_indices("crate::").chain(text.match_indices("super::")) {
        if !text[..place].ends_with("::") {
            tree(&text[place..], &[], &mut named);
        }
    }
    let absolute = named.into_iter().filter_map(|path| {
        let ups = path.iter().take_while(|word| *word == "super").count();
        let base = if ups > 0 { at.get(..at.len().checked_sub(ups)?)? } else { &[] };
        let mut path: ModulePath = base.iter().chain(&path[ups.max(1)..]).cloned().collect();
        while !all.contains_key(&path) {
            path.pop()?;
        }
        Some(path)
    });
    absolute.filter(|path| !at.starts_with(path)).collect()
}

#[test]
fn no_file_knows_one_that_knows_it() {
    let mut all = BTreeMap::new();
    modules(Path::new("src"), &[], &mut all);
    let mut known: BTreeMap<&ModulePath, BTreeSet<ModulePath>> =
        all.iter().map(|(at, text)| (at, known(&all, at, text))).collect();
    assert!(known.values().map(BTreeSet::len).sum::<usize>() > 1000, "too few are seen");
    // Whoever knows nobody that is left stands in no circle.
    while let Some(free) = known.iter().find(|(_, of)| of.is_empty()).map(|(at, _)| (*at).clone()) {
        known.remove(&free);
        known.values_mut().for_each(|of| of.retain(|other| *other != free));
    }
    assert!(known.is_empty(), "in circles, or above some: {known:#?}");
}

#[test]
fn each_branch_of_a_tree_is_seen() {
    let mut named = Vec::new();
    tree("crate::{a::{b, c as d}, e::*}; f()", &[], &mut named);
    let named: Vec<String> = named.iter().map(|path| path.join("::")).collect();
    assert_eq!(named, ["crate::a::b", "crate::a::c", "crate::e"]);
}
