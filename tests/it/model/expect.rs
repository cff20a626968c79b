//! What an answer must be, to the last field.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::support::Answer;

/// Stands where the answer must have some text that the model cannot know.
pub const SOME_TEXT: &str = "<some text>";
/// The same of what is true or false.
pub const EITHER: &str = "<true or false>";

/// One item of the `RateLimit` headers; times in s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    pub name: &'static str,
    pub max: u64,
    pub window: u64,
    pub left: u64,
    pub reset: u64,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Expect {
    pub status: u16,
    pub body: Value,
    pub gauges: Vec<Gauge>,
    pub replayed: bool,
    /// Fields that may also be null: what the contract does not say how long to remember.
    pub forgettable: Vec<&'static str>,
    /// Fields of which only the bounds are known.
    pub bounds: Vec<(&'static str, RangeInclusive<u64>)>,
}

impl Expect {
    /// A plain answer.
    pub fn json(status: u16, body: Value) -> Self {
        Self { status, body, gauges: Vec::new(), replayed: false, forgettable: Vec::new(), bounds: Vec::new() }
    }

    /// A refusal; `wait` in ms.
    pub fn problem(status: u16, code: &str, wait: Option<u64>) -> Self {
        let mut body = json!({
            "type": format!("urn:otp-sidecar:problem:{code}"), "title": SOME_TEXT, "status": status, "detail": SOME_TEXT,
            "code": code, "request_id": SOME_TEXT,
        });
        if let Some(wait) = wait {
            body["retry_after"] = json!(wait.div_ceil(1000).max(1));
        }
        Self::json(status, body)
    }

    /// 422, naming this field.
    pub fn invalid(field: &str) -> Self {
        let code = if field == "code" { "invalid_code" } else { "invalid_field" };
        Self::problem(422, code, None).with("field", json!(field))
    }

    /// 404 for an id.
    pub fn unknown() -> Self {
        Self::problem(404, "not_found", None)
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.body[field] = value;
        self
    }

    /// Adds the `RateLimit` headers.
    #[must_use]
    pub fn gauged(mut self, gauges: impl IntoIterator<Item = Gauge>) -> Self {
        self.gauges = gauges.into_iter().collect();
        self
    }

    /// Compares; answers what is different.
    ///
    /// # Errors
    /// In words.
    pub fn compare(&self, answer: &Answer) -> Result<(), String> {
        let mut wrong = Vec::new();
        let mut differ = |what: &str, expected: Value, got: Value| {
            if expected != got {
                wrong.push(format!("{what}: expected {expected}, got {got}"));
            }
        };
        differ("status", json!(self.status), json!(answer.status));
        let problem = self.body.get("request_id").is_some();
        let kind = match self.status {
            204 => None,
            _ if problem => Some("application/problem+json"),
            _ => Some("application/json"),
        };
        differ("content-type", json!(kind), json!(answer.header("content-type")));
        differ(
            "idempotent-replayed",
            json!(self.replayed.then_some("true")),
            json!(answer.header("idempotent-replayed")),
        );
        differ("ratelimit-policy", self.header(policy), json!(answer.header("ratelimit-policy")));
        differ("ratelimit", self.header(state), json!(answer.header("ratelimit")));
        let retry = if problem { self.body.get("retry_after").map(Value::to_string) } else { None };
        differ("retry-after", json!(retry), json!(answer.header("retry-after")));
        if problem {
            differ("request_id", json!(answer.header("x-request-id")), answer.body["request_id"].clone());
        }
        differ("body", self.filled(&answer.body), answer.body.clone());
        if wrong.is_empty() { Ok(()) } else { Err(format!("{}\nin {answer:?}", wrong.join("\n"))) }
    }

    fn header(&self, item: fn(&Gauge) -> String) -> Value {
        let items: Vec<_> = self.gauges.iter().map(item).collect();
        json!((!items.is_empty()).then(|| items.join(", ")))
    }

    /// The body, with what the model cannot know taken over from `got` where it may be so.
    fn filled(&self, got: &Value) -> Value {
        let mut body = self.body.clone();
        for (field, value) in body.as_object_mut().into_iter().flatten() {
            let got = &got[field];
            let may = *value == SOME_TEXT && got.as_str().is_some_and(|text| !text.is_empty())
                || *value == EITHER && got.is_boolean()
                || got.is_null() && self.forgettable.contains(&field.as_str())
                || self
                    .bounds
                    .iter()
                    .any(|(name, range)| field == name && got.as_u64().is_some_and(|n| range.contains(&n)));
            if may {
                *value = got.clone();
            }
        }
        body
    }
}

fn policy(gauge: &Gauge) -> String {
    format!("\"{}\";q={};w={}", gauge.name, gauge.max, gauge.window)
}

fn state(gauge: &Gauge) -> String {
    format!("\"{}\";r={};t={}", gauge.name, gauge.left, gauge.reset)
}

/// A time as answers write it.
pub fn rfc3339(ms: u64) -> String {
    humantime::format_rfc3339_millis(std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms)).to_string()
}
