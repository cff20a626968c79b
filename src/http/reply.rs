//! Answers: what every response carries, built in one place.

use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS},
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    Problem,
    code::Code,
    content::{Content, Part},
    request_id::{RequestId, X_REQUEST_ID},
};

/// What a handler answers with: small and complete, so that its length is known; but for what would take too much memory.
pub type Reply = Response<Content>;

/// The media type of every successful answer to a call.
pub const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Bytes that nearly every answer to a call fits.
const USUAL_BODY: usize = 512;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// `value` as JSON. A value that cannot be written as JSON is our own fault: 500 `internal`.
pub fn json<T: Serialize>(status: StatusCode, value: &T, id: &RequestId) -> Reply {
    let mut body = Vec::with_capacity(USUAL_BODY);
    match serde_json::to_writer(&mut body, value) {
        Ok(()) => raw(status, APPLICATION_JSON, body.into(), id),
        Err(_) => Problem::from(Code::Internal).into_reply(id),
    }
}

/// 204: done, and nothing to say.
pub fn no_content(id: &RequestId) -> Reply {
    let mut reply = Response::new(Content::default());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    common(&mut reply, id);
    reply
}

/// Bytes that are already what they should be, such as metrics or a sealed answer that is replayed.
pub fn raw(status: StatusCode, content_type: HeaderValue, body: Bytes, id: &RequestId) -> Reply {
    let length = HeaderValue::from(body.len());
    let mut reply = Response::new(Content::from(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.reserve(8);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, length);
    common(&mut reply, id);
    reply
}

/// Parts that are sent as they come.
pub fn streamed(status: StatusCode, content_type: HeaderValue, parts: mpsc::Receiver<Part>, id: &RequestId) -> Reply {
    let mut reply = Response::new(Content::Streamed(parts));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    common(&mut reply, id);
    reply
}

fn common(reply: &mut Reply, id: &RequestId) {
    let headers = reply.headers_mut();
    // Answers hold codes and who is locked: no cache may keep them, no browser may guess what they are.
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(X_REQUEST_ID, id.header());
}
