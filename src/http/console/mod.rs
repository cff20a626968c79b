//! The console: a page for operators, of four files of our own that load nothing from anywhere else. They show nothing by
//! themselves: the page asks the same calls as everybody, with the operator's key.

pub mod me;
pub mod series;

use std::sync::LazyLock;

use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY};

use super::{
    Problem, RequestId,
    calls::{Answered, reference},
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

/// One of the files.
struct File {
    /// Behind `/console.`; empty for the page.
    ends: &'static str,
    content_type: HeaderValue,
    document: LazyLock<Document>,
}

macro_rules! files {
    ($($ends:literal $file:literal $content_type:literal,)*) => {
        static FILES: [File; 4] = [$(File {
            ends: $ends,
            content_type: HeaderValue::from_static($content_type),
            document: LazyLock::new(|| Document::new(include_bytes!($file))),
        },)*];
    };
}

files! {
    "" "console.html" "text/html; charset=utf-8",
    "css" "console.css" "text/css; charset=utf-8",
    "js" "console.js" "text/javascript; charset=utf-8",
    "svg" "console.svg" "image/svg+xml",
}

/// Answers with the file whose name ends so, or with 304 where the caller has it.
///
/// # Errors
/// 404 for any other.
pub fn file(ends: &str, headers: &HeaderMap, id: &RequestId) -> Result<Answered, Problem> {
    let file = FILES.iter().find(|file| file.ends == ends).ok_or_else(Problem::not_found)?;
    let mut answered = reference::openapi(&file.document, headers, id);
    let headers = answered.reply.headers_mut();
    headers.insert(CONTENT_TYPE, file.content_type.clone());
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(answered)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What makes a document's part or a script of text, or has the browser load or send something.
    const NEVER: [&str; 12] = [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "style=",
        "srcdoc",
        "import(",
        "cookie",
        "localStorage",
        "http:",
    ];

    fn text(file: &File) -> &'static str {
        let page = FILES.iter().position(|other| other.ends == file.ends).unwrap();
        [
            include_str!("console.html"),
            include_str!("console.css"),
            include_str!("console.js"),
            include_str!("console.svg"),
        ][page]
    }

    #[test]
    fn the_page_makes_no_markup_of_text_and_names_no_other_place() {
        let mut bytes = 0;
        for file in &FILES {
            let text = text(file).replace("http://www.w3.org/2000/svg", "");
            bytes += file.document.body.len();
            for never in NEVER {
                assert!(!text.contains(never), "{}: {never}", file.ends);
            }
            assert!(!text.contains("//") || file.ends == "js" && !text.contains("://"), "{}", file.ends);
            // Handlers in markup: ` onclick=`.
            let handler = |word: &str| word.starts_with("on") && word.contains("=\"");
            assert!(file.ends == "js" || !text.split_whitespace().any(handler), "{}", file.ends);
        }
        assert!(bytes <= 30 * 1024, "{bytes} bytes");
    }
}
