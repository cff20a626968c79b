//! Where the pages, and what is deployed, send their readers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::pages::PAGES;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Every document in Markdown at the root and under `deploy`, by its path from the root.
pub fn documents() -> Vec<String> {
    let (mut found, mut dirs) = (Vec::new(), vec![ROOT.to_owned(), format!("{ROOT}/deploy")]);
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()) {
            let path = entry.display().to_string();
            if entry.is_dir() && dir != ROOT && !path.ends_with("/node_modules") && !path.ends_with("/.venv") {
                dirs.push(path);
            } else if path.ends_with(".md") {
                found.push(path[ROOT.len() + 1..].to_owned());
            }
        }
    }
    found
}

/// What GitHub makes of a heading: lower case, without signs, spaces as hyphens; a number where it comes again.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut fenced = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !fenced) else { continue };
        let title = title.trim_start_matches('#').trim();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let times = seen.entry(slug.clone()).or_default();
        anchors.insert(if *times == 0 { slug } else { format!("{slug}-{times}") });
        *times += 1;
    }
    anchors
}

/// The targets of `[…](target)` and of `[…]: target`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let below = text.lines().filter(|line| line.starts_with('[')).filter_map(|line| Some(line.split_once("]: ")?.1));
    inline.chain(below).filter(|target| !target.starts_with("http"))
}

#[track_caller]
fn leads_somewhere(document: &str, text: &str) -> usize {
    let dir = Path::new(ROOT).join(document).parent().unwrap().to_owned();
    let mut count = 0;
    for target in targets(text) {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = dir.join(file);
        assert!(file.is_empty() || path.exists(), "{document}: {target}: no such file");
        if !anchor.is_empty() {
            let to = if file.is_empty() { text.to_owned() } else { fs::read_to_string(path).unwrap() };
            assert!(anchors(&to).contains(anchor), "{document}: {target}: no such heading");
        }
        count += 1;
    }
    count
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    assert!(PAGES.iter().all(|page| documents.contains(&page.path.to_owned())), "{documents:?}");
    let text = |document: &String| fs::read_to_string(Path::new(ROOT).join(document)).unwrap();
    let links: usize = documents.iter().map(|document| leads_somewhere(document, &text(document))).sum();
    assert!(links > 50, "{links}");
}

#[test]
fn headings_are_named_as_they_are_linked() {
    let text = "# A b\n## `GET /v1/{id}`\n## A b\n```sh\n# no heading\n```\n## 503: x, y\n";
    let expected = ["a-b", "get-v1id", "a-b-1", "503-x-y"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
    for broken in ["[a](#nowhere)", "[a]: no/such/file"] {
        assert!(std::panic::catch_unwind(|| leads_somewhere("README.md", broken)).is_err(), "{broken}");
    }
}
