//! The console: a page for operators, of four files of our own that load nothing from anywhere else. They show nothing by
//! themselves: the page asks the same calls as everybody, with the operator's key.

use std::sync::LazyLock;

use hyper::header::{CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY};
use serde::Serialize;

use super::{
    Code, Problem, RequestId,
    auth::Operator,
    calls::{Answered, admin::input::Tenants, reference},
    openapi::Document,
};

/// What the page may do: nothing but load its own parts and ask this listener. No text becomes a script or a document's part
/// (Trusted Types), and no page frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
/// Whoever may use an answer of this listener: no other site's page, whatever it is asked as.
pub const RESOURCE_POLICY: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The files, by what stands behind `/console.`; nothing for the page.
static FILES: LazyLock<[(&str, Document); 4]> = LazyLock::new(|| {
    [
        ("", "text/html; charset=utf-8", include_str!("console.html")),
        ("css", "text/css; charset=utf-8", include_str!("console.css")),
        ("js", "text/javascript; charset=utf-8", include_str!("console.js")),
        ("svg", "image/svg+xml", include_str!("console.svg")),
    ]
    .map(|(ends, kind, text)| (ends, Document::new(HeaderValue::from_static(kind), text.as_bytes())))
});

/// Answers with the file whose name ends so, or with 304 where the caller has it.
///
/// # Errors
/// 404 for any other.
pub fn file(ends: &str, headers: &HeaderMap, id: &RequestId) -> Result<Answered, Problem> {
    let (_, file) = FILES.iter().find(|(end, _)| *end == ends).ok_or(Code::NotFound)?;
    let mut answered = reference::document(file, headers, id);
    let headers = answered.reply.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(answered)
}

#[derive(Serialize)]
struct Me<'a> {
    actor: &'a str,
    changes: bool,
    tenants: &'a [String],
    /// Whether names are kept: else users are references only.
    names: bool,
    version: &'static str,
}

/// Tells who calls, and what they may. It is about nobody else, so that no event is written for it.
pub fn me(operator: &Operator, tenants: &Tenants, names: bool, id: &RequestId) -> Answered {
    let version = env!("CARGO_PKG_VERSION");
    let me = Me { actor: &operator.name, changes: operator.changes, tenants: tenants.all(), names, version };
    Answered::ok(&me, id)
}
