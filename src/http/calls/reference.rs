//! What stands in the source and is shown to everybody: `GET /openapi.json`, `GET /runbooks/{alert}`.

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue},
};

use super::Answered;
use crate::http::{Code, Problem, RequestId, openapi::Document, reply, runbooks};

/// It may be kept, but not used without asking whether it still holds: an upgrade may change it.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// As text, which every browser shows: Markdown is read as it is.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Answers with what to do about an alert.
///
/// # Errors
/// 404 for an alert that there is not.
pub fn runbook(alert: &str, id: &RequestId) -> Result<Answered, Problem> {
    let runbook = runbooks::find(alert).ok_or(Code::NotFound)?;
    let mut reply = reply::raw(StatusCode::OK, TEXT, runbook.text.as_bytes().into(), id);
    reply.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
    Ok(Answered { reply, outcome: "ok" })
}

/// Answers with the document, or with 304 where the caller has it.
pub fn document(document: &Document, headers: &HeaderMap, id: &RequestId) -> Answered {
    let mut reply = if document.is_known_to(headers) {
        let mut reply = reply::no_content(id);
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        reply
    } else {
        reply::raw(StatusCode::OK, document.content_type.clone(), document.body.clone(), id)
    };
    reply.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
    reply.headers_mut().insert(ETAG, document.tag.clone());
    Answered { reply, outcome: "ok" }
}
