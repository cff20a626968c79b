//! The interface as machines read it: one OpenAPI 3.1 document for each listener, and the page that people read, made of it.
//!
//! The parts beside this file are written by hand, a noun each. `join` puts them together and adds what holds of every
//! call. That they say what the program does is checked by the tests in `tests/it/contract`.

mod join;
mod node;
mod page;

use std::sync::LazyLock;

use hyper::{body::Bytes, header::HeaderValue};
use sha2::{Digest, Sha256};

pub use node::Node;

/// Both documents' parts. Each begins with its own head and ends with what both have.
const APP: &[&str] = &[
    include_str!("app.json"),
    include_str!("verifications.json"),
    include_str!("check.json"),
    include_str!("verification.json"),
    include_str!("guard.json"),
    include_str!("status.json"),
    include_str!("standing.json"),
    include_str!("fields.json"),
    include_str!("idempotency.json"),
    include_str!("limits.json"),
    include_str!("health.json"),
    include_str!("reference.json"),
    include_str!("problem.json"),
    include_str!("problems.json"),
    include_str!("outages.json"),
];
const ADMIN: &[&str] = &[
    include_str!("admin.json"),
    include_str!("locks.json"),
    include_str!("subjects.json"),
    include_str!("standing.json"),
    include_str!("whom.json"),
    include_str!("held.json"),
    include_str!("figures.json"),
    include_str!("review.json"),
    include_str!("events.json"),
    include_str!("fields.json"),
    include_str!("metrics.json"),
    include_str!("health.json"),
    include_str!("reference.json"),
    include_str!("problem.json"),
    include_str!("problems.json"),
    include_str!("outages.json"),
];

/// Something that stays as it is for as long as the process runs.
#[derive(Debug)]
pub struct Fixed {
    /// What it holds.
    pub body: Bytes,
    /// A strong entity tag (RFC 9110 §8.8.3): another version of the program has another.
    pub tag: HeaderValue,
}

/// A listener's document and page.
#[derive(Debug)]
pub struct Reference {
    /// `/openapi.json`
    pub document: Fixed,
    /// `/docs`
    pub page: Fixed,
    /// The page's `Content-Security-Policy`: its own style sheet and nothing else.
    pub policy: HeaderValue,
}

impl Reference {
    /// The app listener's, made when it is first asked for. Nothing only if a part of it is not JSON, which tests exclude.
    pub fn app() -> Option<&'static Self> {
        static APPS: LazyLock<Option<Reference>> = LazyLock::new(|| Reference::of(APP));
        APPS.as_ref()
    }

    /// The admin listener's.
    pub fn admin() -> Option<&'static Self> {
        static ADMINS: LazyLock<Option<Reference>> = LazyLock::new(|| Reference::of(ADMIN));
        ADMINS.as_ref()
    }

    fn of(parts: &[&str]) -> Option<Self> {
        let document = join::join(parts).ok()?;
        let body = serde_json::to_vec(&document).ok()?;
        let page = page::page(&document);
        Some(Self { document: Fixed::new(body)?, page: Fixed::new(page.into_bytes())?, policy: page::policy()? })
    }
}

impl Fixed {
    fn new(body: Vec<u8>) -> Option<Self> {
        let digest = Sha256::digest(&body);
        let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Some(Self { body: body.into(), tag: HeaderValue::try_from(format!("\"{tag}\"")).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_documents_and_pages_are_there_and_differ() {
        let (app, admin) = (Reference::app().unwrap(), Reference::admin().unwrap());
        assert_ne!(app.document.tag, admin.document.tag);
        assert_ne!(app.page.tag, admin.page.tag);
        assert_ne!(app.page.tag, app.document.tag);
    }
}
