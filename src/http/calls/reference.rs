//! `GET /openapi.json`

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, ETAG, HeaderMap, HeaderValue},
};

use super::Answered;
use crate::http::{RequestId, openapi::Document, reply};

/// It may be kept, but not used without asking whether it still holds: an upgrade may change it.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Answers with the document, or with 304 where the caller has it.
pub fn openapi(document: &Document, headers: &HeaderMap, id: &RequestId) -> Answered {
    let mut reply = if document.is_known_to(headers) {
        let mut reply = reply::no_content(id);
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        reply
    } else {
        reply::raw(StatusCode::OK, reply::APPLICATION_JSON, document.body.clone(), id)
    };
    reply.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
    reply.headers_mut().insert(ETAG, document.tag.clone());
    Answered { reply, outcome: "ok" }
}
