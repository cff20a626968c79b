//! The documents: the README and the pages that it leads to.

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
    "CONTRIBUTING.md",
    "SECURITY.md",
    "deploy/docs/architecture.md",
    "deploy/docs/audit.md",
    "deploy/docs/delivery.md",
    "deploy/docs/guide.md",
    "deploy/docs/guide/risk.md",
    "deploy/docs/guide/twilio.md",
    "deploy/docs/operate.md",
    "deploy/docs/performance.md",
    "deploy/docs/recover.md",
    "deploy/docs/reference.md",
    "deploy/docs/sinks.md",
    "deploy/docs/trail-format.md",
];

/// Whether any page has `text`.
pub fn any_has(text: &str) -> bool {
    PAGES.iter().any(|page| page.text.contains(text))
}

/// The text of one page.
#[track_caller]
pub fn page(path: &str) -> &'static str {
    PAGES.iter().find(|page| page.path == path).unwrap_or_else(|| panic!("no page {path}")).text
}
