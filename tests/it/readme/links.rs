//! Where the README, and what is deployed, send their readers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::README;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Documents beside the README that lead somewhere.
const OTHERS: [&str; 1] = ["deploy/examples/django/README.md"];

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

/// The targets of `[…](target)`.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|target| !target.starts_with("http"))
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
    assert!(leads_somewhere("README.md", README) > 50);
    for document in OTHERS {
        assert!(leads_somewhere(document, &fs::read_to_string(Path::new(ROOT).join(document)).unwrap()) > 0);
    }
}

#[test]
fn headings_are_named_as_they_are_linked() {
    let text = "# A b\n## `GET /v1/{id}`\n## A b\n```sh\n# no heading\n```\n## 503: x, y\n";
    let expected = ["a-b", "get-v1id", "a-b-1", "503-x-y"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
    assert!(std::panic::catch_unwind(|| leads_somewhere("README.md", "[a](#nowhere)")).is_err());
}

/// Every section is under the heading of who reads it, and the table of contents at the top names them all.
#[test]
fn each_section_is_in_the_table_of_contents_once() {
    let (top, rest) = README.split_once("\n# For app developers\n").expect("the first of three");
    assert!(["\n# For operators\n", "\n# For auditors\n"].iter().all(|role| rest.contains(role)));
    let contents = top.lines().filter(|line| line.starts_with("- **"));
    let listed: Vec<_> = contents.flat_map(targets).filter_map(|target| target.strip_prefix('#')).collect();
    let mut fenced = false;
    let sections: String = rest
        .lines()
        .filter(|line| {
            fenced ^= line.starts_with("```");
            !fenced && line.starts_with("## ")
        })
        .map(|line| format!("{line}\n"))
        .collect();
    for section in anchors(&sections) {
        assert!(listed.iter().filter(|name| **name == section).count() == 1, "{section} in {listed:?}");
    }
    assert!(top.lines().count() <= 75, "{}", top.lines().count());
}
