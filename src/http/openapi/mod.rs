//! The interface as machines read it: one OpenAPI 3.1 document for each listener, written by hand and served as it is.
//!
//! `tests/it/contract` holds them to what the program does, and has clients generated from them.

use std::sync::LazyLock;

use hyper::{
    body::Bytes,
    header::{HeaderMap, HeaderValue, IF_NONE_MATCH},
};
use sha2::{Digest, Sha256};

use super::reply::APPLICATION_JSON;

/// The app listener's document.
pub static APP: LazyLock<Document> = LazyLock::new(|| Document::new(APPLICATION_JSON, include_bytes!("app.json")));
/// The admin listener's document.
pub static ADMIN: LazyLock<Document> = LazyLock::new(|| Document::new(APPLICATION_JSON, include_bytes!("admin.json")));

/// A file that is served as it is committed.
#[derive(Debug)]
pub struct Document {
    /// Its media type.
    pub content_type: HeaderValue,
    /// What it holds.
    pub body: Bytes,
    /// A strong entity tag (RFC 9110 §8.8.3): another version of the program has another.
    pub tag: HeaderValue,
}

impl Document {
    /// Makes one of a file.
    pub fn new(content_type: HeaderValue, body: &'static [u8]) -> Self {
        let digest = Sha256::digest(body);
        let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let tag = HeaderValue::try_from(format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { content_type, body: Bytes::from_static(body), tag }
    }

    /// Tells whether `If-None-Match` names this document's tag, weak or strong (RFC 9110 §13.1.2), or any.
    pub fn is_known_to(&self, headers: &HeaderMap) -> bool {
        let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.tag.as_bytes())
    }
}
