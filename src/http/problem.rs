//! Refusals on the wire: RFC 9457 problem details, the one place where a refusal becomes a response.

use std::borrow::Cow;

use hyper::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;

use super::{code::Code, reply, reply::Reply, request_id::RequestId, wait};

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

/// Longest name of an unknown field that is repeated to the caller, in characters.
const LONGEST_NAME: usize = 64;

/// Why a call is refused. Boxed, so that a `Result` that carries it stays small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Facts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    code: Code,
    detail: Cow<'static, str>,
    retry_after: Option<u64>,
    field: Option<Cow<'static, str>>,
    limit: Option<LimitFacts>,
    locked_until: Option<String>,
    lock_level: Option<u8>,
    allow: Option<&'static str>,
}

/// The limit that was reached, as `limit` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LimitFacts {
    /// `subject_cooldown`, `subject_sends`, `ip_sends`, `ip_failures` or `subject_failures`.
    pub name: &'static str,
    /// How many are allowed in a window.
    pub max: u32,
    /// Length of the window in seconds.
    pub window: u64,
}

/// The body, in the order in which the interface's document shows it.
#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<LimitFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_level: Option<u8>,
    request_id: &'a str,
}

// ===== what can be asked of it =====

impl Problem {
    /// Which refusal it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Seconds to wait, if waiting helps.
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// The field that is wrong, if one is.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Names the limit that was reached.
    #[must_use]
    pub fn with_limit(mut self, limit: LimitFacts) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// The response.
    pub fn into_reply(self, id: &RequestId) -> Reply {
        let facts = *self.0;
        let wire = Wire {
            r#type: format!("urn:otp-sidecar:problem:{}", facts.code.name()),
            title: facts.code.title(),
            status: facts.code.status().as_u16(),
            detail: &facts.detail,
            code: facts.code.name(),
            retry_after: facts.retry_after,
            field: facts.field.as_deref(),
            limit: facts.limit,
            locked_until: facts.locked_until.as_deref(),
            lock_level: facts.lock_level,
            request_id: id.as_str(),
        };
        // Strings and numbers only: writing them cannot fail.
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        let mut reply = reply::raw(facts.code.status(), PROBLEM_JSON, body.into(), id);
        let headers = reply.headers_mut();
        if let Some(seconds) = facts.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(methods) = facts.allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        if facts.code == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, BEARER);
        }
        reply
    }
}

// ===== for the files beside this one that say which refusals there are =====

impl Problem {
    pub(super) fn plain(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Facts {
            code,
            detail: detail.into(),
            retry_after: None,
            field: None,
            limit: None,
            locked_until: None,
            lock_level: None,
            allow: None,
        }))
    }

    /// A refusal that ends by itself in `ms` milliseconds; `detail` gets the wait in words.
    pub(super) fn waiting(code: Code, ms: u64, detail: impl FnOnce(&str) -> String) -> Self {
        let seconds = wait::seconds(ms);
        let mut problem = Self::plain(code, detail(&wait::words(seconds)));
        problem.0.retry_after = Some(seconds);
        problem
    }

    pub(super) fn about(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        let name = field.into();
        self.0.field = Some(match name.char_indices().nth(LONGEST_NAME) {
            Some(_) => name.chars().take(LONGEST_NAME).collect::<String>().into(),
            None => name,
        });
        self
    }

    pub(super) fn allowing(mut self, methods: &'static str) -> Self {
        self.0.allow = Some(methods);
        self
    }

    pub(super) fn locked(mut self, until: String, level: u8) -> Self {
        self.0.locked_until = Some(until);
        self.0.lock_level = Some(level);
        self
    }
}
