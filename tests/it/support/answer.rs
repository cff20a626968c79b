//! What the sidecar answered, and what the contract says of every answer.

use hyper::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

/// One answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// 100 to 599.
    pub status: u16,
    /// As received.
    pub headers: HeaderMap,
    /// The body if it is JSON, else null.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// Puts one together from what was received.
    pub fn new(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        Self { status: status.as_u16(), headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }

    /// A header as text, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A field of the body as text.
    #[track_caller]
    pub fn str(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("no text in {field}: {self:?}"))
    }

    /// A field of the body as a number.
    #[track_caller]
    pub fn number(&self, field: &str) -> u64 {
        self.body[field].as_u64().unwrap_or_else(|| panic!("no number in {field}: {self:?}"))
    }

    /// Passes it on if it has this status and carries a request id, as every answer must.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "no request id: {self:?}");
        self
    }

    /// Passes it on if it is this refusal, in the form that every refusal has: a problem document that repeats
    /// status and request id, and `Retry-After` exactly where waiting helps.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.header(CONTENT_TYPE.as_str()), Some("application/problem+json"), "{answer:?}");
        assert_eq!(answer.str("code"), code, "{answer:?}");
        assert_eq!(answer.str("type"), format!("urn:otp-sidecar:problem:{code}"));
        assert_eq!(answer.number("status"), u64::from(status));
        assert!(!answer.str("title").is_empty() && !answer.str("detail").is_empty(), "no words for people: {answer:?}");
        assert_eq!(Some(answer.str("request_id")), answer.header("x-request-id"));
        let waits = matches!(status, 429 | 503) && code != "subject_disabled";
        let header = answer.header("retry-after").map(|seconds| seconds.parse::<u64>().expect("whole seconds"));
        assert_eq!(header, answer.body.get("retry_after").map(|_| answer.number("retry_after")), "{answer:?}");
        assert_eq!(header.is_some(), waits, "Retry-After where it helps, and only there: {answer:?}");
        assert_ne!(header, Some(0));
        answer
    }

    /// [`Answer::refused`] with 422 `invalid_field`, naming this field.
    #[track_caller]
    pub fn refuses_field(self, field: &str) -> Self {
        let answer = self.refused(422, "invalid_field");
        assert_eq!(answer.str("field"), field);
        answer
    }

    /// Passes it on if a check let this code through.
    #[track_caller]
    pub fn approved(self) -> Self {
        let answer = self.is(200);
        assert_eq!((&answer.body["valid"], answer.str("status")), (&Value::Bool(true), "approved"), "{answer:?}");
        answer
    }

    /// Passes it on if a check decided against this code, with this status and reason.
    #[track_caller]
    pub fn rejected(self, status: &str, reason: &str) -> Self {
        let answer = self.is(200);
        assert_eq!(answer.body["valid"], Value::Bool(false), "{answer:?}");
        assert_eq!((answer.str("status"), answer.str("reason")), (status, reason), "{answer:?}");
        answer
    }
}

#[test]
fn an_answer_is_read_by_status_header_and_field() {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", "r1".parse().unwrap());
    let answer = Answer::new(StatusCode::OK, headers, br#"{"valid":true,"status":"approved","n":3}"#).approved();
    assert_eq!((answer.header("X-Request-Id"), answer.number("n")), (Some("r1"), 3));
}
