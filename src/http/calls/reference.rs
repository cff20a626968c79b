//! `GET /openapi.json` and `GET /docs`

use hyper::{
    StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
        REFERRER_POLICY,
    },
};

use super::Answered;
use crate::http::{
    Problem, RequestId,
    openapi::{Fixed, Reference},
    reply,
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// It may be kept, but not used without asking whether it still holds: an upgrade may change it.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// The document.
///
/// # Errors
/// 500 if it could not be put together.
pub fn openapi(reference: Option<&Reference>, headers: &HeaderMap, id: &RequestId) -> Result<Answered, Problem> {
    let reference = reference.ok_or_else(Problem::internal)?;
    Ok(fixed(&reference.document, reply::APPLICATION_JSON, headers, id))
}

/// The page.
///
/// # Errors
/// As [`openapi`].
pub fn docs(reference: Option<&Reference>, headers: &HeaderMap, id: &RequestId) -> Result<Answered, Problem> {
    let reference = reference.ok_or_else(Problem::internal)?;
    let mut answered = fixed(&reference.page, HTML, headers, id);
    let headers = answered.reply.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, reference.policy.clone());
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    Ok(answered)
}

/// 200 with all of it, or 304 where the caller has it.
fn fixed(what: &Fixed, content_type: HeaderValue, headers: &HeaderMap, id: &RequestId) -> Answered {
    let mut reply = if is_known(headers, &what.tag) {
        let mut reply = reply::no_content(id);
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        reply
    } else {
        reply::raw(StatusCode::OK, content_type, what.body.clone(), id)
    };
    reply.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
    reply.headers_mut().insert(ETAG, what.tag.clone());
    Answered { reply, outcome: "ok" }
}

/// Whether `If-None-Match` names this tag, weak or strong (RFC 9110 §13.1.2), or any.
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let named = |name: HeaderName| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut tags = named(IF_NONE_MATCH).flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_any_way_to_write_it() {
        let tag = HeaderValue::from_static("\"a1\"");
        let known = |value: &'static str| {
            is_known(&HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]), &tag)
        };
        assert!(known("\"a1\"") && known("W/\"a1\"") && known("\"b\" , \"a1\"") && known("*"));
        assert!(!known("a1") && !known("\"b\"") && !known("") && !is_known(&HeaderMap::new(), &tag));
    }
}
