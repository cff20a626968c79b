//! The documents: the README and the pages that it leads to.

use std::{fs, path::Path};

/// A document in Markdown.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Its path from the repository's root.
    pub path: &'static str,
    pub text: &'static str,
}

macro_rules! pages {
    ($($path:literal),* $(,)?) => {
        [$(Page { path: $path, text: include_str!(concat!("../../../", $path)) }),*]
    };
}

/// Every page that a reader of the README is led to. Its examples are run and its tables compared.
pub const PAGES: &[Page] = &pages![
    "README.md",
    "deploy/docs/audit.md",
    "deploy/docs/guide.md",
    "deploy/docs/operate.md",
    "deploy/docs/performance.md",
    "deploy/docs/reference.md",
];

/// Whether any page has `text`.
pub fn any_has(text: &str) -> bool {
    PAGES.iter().any(|page| page.text.contains(text))
}

/// The README alone.
pub fn readme() -> &'static str {
    PAGES.first().expect("the README").text
}

#[test]
fn every_page_is_listed() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/docs");
    for file in fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()) {
        let path = format!("deploy/docs/{file}");
        assert!(PAGES.iter().any(|page| page.path == path), "{path} is not in PAGES");
    }
}
