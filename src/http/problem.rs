//! Refusals on the wire: RFC 9457 problem details, the one place where a refusal becomes a response.

use std::borrow::Cow;

use hyper::header::{ALLOW, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;

use super::{code::Code, reply, reply::Reply, request_id::RequestId, wait};
use crate::policy::refusal::LimitInfo;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

/// Longest name of an unknown field that is repeated to the caller, in characters.
const LONGEST_NAME: usize = 64;

/// Why a call is refused. Boxed, so that a `Result` that carries it stays small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Facts>);

/// Serialised is what only some refusals say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Facts {
    #[serde(skip)]
    code: Code,
    #[serde(skip)]
    detail: Cow<'static, str>,
    #[serde(skip)]
    allow: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<LimitInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_level: Option<u8>,
}

/// The body, in the order in which the interface's document shows it.
#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(flatten)]
    facts: &'a Facts,
    request_id: &'a str,
}

/// With the words that go with the code.
impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::saying(code, code.detail())
    }
}

impl Problem {
    /// A refusal in words of its own, which repeat nothing of the request.
    pub fn saying(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let (detail, allow, retry_after, field, limit) = (detail.into(), None, None, None, None);
        Self(Box::new(Facts { code, detail, allow, retry_after, field, limit, locked_until: None, lock_level: None }))
    }

    /// A refusal that ends by itself in `ms` milliseconds.
    pub fn waiting(code: Code, ms: u64) -> Self {
        Self::waiting_with(code, ms, code.detail())
    }

    /// The same in other words, in which `{wait}` stands for the time to wait.
    pub fn waiting_with(code: Code, ms: u64, detail: &str) -> Self {
        let seconds = wait::seconds(ms);
        let mut problem = Self::saying(code, detail.replace("{wait}", &wait::words(seconds)));
        problem.0.retry_after = Some(seconds);
        problem
    }

    /// 400: the request cannot be read; `detail` says why.
    pub fn malformed(detail: &'static str) -> Self {
        Self::saying(Code::Malformed, detail)
    }

    /// 413: a body of more than `max` bytes.
    pub fn too_large(max: usize) -> Self {
        Self::saying(Code::TooLarge, format!("The body may have at most {max} bytes."))
    }

    /// 422: `field` holds what it must not; `detail` says what it may hold, never what it held. A name that is not ours is
    /// cut at 64 characters.
    pub fn invalid_field(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::saying(Code::InvalidField, detail).about(field)
    }

    /// Names the field.
    #[must_use]
    pub fn about(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        let name = field.into();
        self.0.field = Some(match name.char_indices().nth(LONGEST_NAME) {
            Some(_) => name.chars().take(LONGEST_NAME).collect::<String>().into(),
            None => name,
        });
        self
    }

    /// Names the limit that was reached, if it was one.
    #[must_use]
    pub fn reaching(mut self, limit: Option<LimitInfo>) -> Self {
        self.0.limit = limit;
        self
    }

    /// Says until when (RFC 3339, UTC) it is locked, as the `level`-th lock in a row.
    #[must_use]
    pub fn locked(mut self, until: String, level: u8) -> Self {
        self.0.locked_until = Some(until);
        self.0.lock_level = Some(level);
        self
    }

    /// Says which methods there are: `Allow`.
    #[must_use]
    pub fn allowing(mut self, methods: &'static str) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Which refusal it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The field that it names, if it names one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The response.
    pub fn into_reply(self, id: &RequestId) -> Reply {
        let facts = &*self.0;
        let code = facts.code;
        let wire = Wire {
            r#type: format!("urn:otp-sidecar:problem:{}", code.name()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: &facts.detail,
            code: code.name(),
            facts,
            request_id: id.as_str(),
        };
        // Strings and numbers only: writing them cannot fail.
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        let mut reply = reply::raw(code.status(), PROBLEM_JSON, body.into(), id);
        self.tell_in(reply.headers_mut());
        reply
    }

    /// Adds what headers say of it.
    pub(super) fn tell_in(&self, headers: &mut HeaderMap) {
        if let Some(seconds) = self.0.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(methods) = self.0.allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        if self.0.code == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, BEARER);
        }
    }
}
