//! Refusals in Twilio's words: the one place where its numbers stand.

use std::borrow::Cow;

use hyper::{
    StatusCode,
    header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::json;

use super::PREFIX;
use crate::{
    http::{Code, Problem, RequestId, calls::Answered},
    service::ServiceError,
};

/// Longest name of a parameter that is repeated to the caller, in characters.
const LONGEST_NAME: usize = 64;

/// Why a call is refused: ours, and what Twilio's clients are told of it.
pub(super) struct Refusal {
    problem: Problem,
    told: Told,
    /// The word for it in metrics.
    outcome: &'static str,
}

/// Status, number and text.
type Told = (u16, u32, Cow<'static, str>);

impl Refusal {
    /// A parameter holds what it must not, or is not there.
    pub(super) fn parameter(name: &str) -> Self {
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let said =
            if name.is_empty() { "Invalid parameter".into() } else { format!("Invalid parameter: {name}").into() };
        Self { told: (400, 60200, said), ..Code::InvalidField.into() }
    }

    /// A channel of Twilio's that is not configured here.
    pub(super) fn channel_disabled() -> Self {
        Self { told: (400, 60223, "Delivery channel disabled".into()), ..Code::InvalidField.into() }
    }

    /// No verification that is pending: `outcome` says what there is.
    pub(super) fn not_found(outcome: &'static str) -> Self {
        Self { outcome, ..Code::NotFound.into() }
    }

    /// The same as a call's fields are named here: pairs of ours and Twilio's.
    pub(super) fn named(problem: Problem, names: &[(&str, &str)]) -> Self {
        let field = problem.field().and_then(|field| names.iter().find(|(ours, _)| *ours == field));
        field.map_or_else(
            || problem.clone().into(),
            |(_, name)| Self { outcome: problem.code().name(), ..Self::parameter(name) },
        )
    }

    /// The answer to a request for `path`.
    pub(super) fn into_answered(self, path: &str, id: &RequestId) -> Answered {
        let Self { problem, told: (status, code, message), outcome } = self;
        let resource = path.get(PREFIX.len() - 1..).unwrap_or(path);
        let message = match code {
            20404 => format!("The requested resource {resource} was not found").into(),
            _ => message,
        };
        let info = format!("https://www.twilio.com/docs/errors/{code}");
        let body = json!({"code": code, "message": message, "more_info": info, "status": status});
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answered = Answered::json(status, &body, outcome, id);
        let headers = answered.reply.headers_mut();
        headers.extend(problem.retry_after().map(|seconds| (RETRY_AFTER, seconds.into())));
        headers.extend(problem.allow().map(|methods| (ALLOW, HeaderValue::from_static(methods))));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"otp-sidecar\""));
        }
        answered
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let (status, code, message) = match problem.code() {
            Code::Malformed
            | Code::TooLarge
            | Code::UnsupportedMediaType
            | Code::HeadersTooLarge
            | Code::InvalidField
            | Code::InvalidCode
            | Code::IdempotencyKeyReused => (400, 60200, "Invalid parameter"),
            Code::Unauthenticated => (401, 20003, "Authenticate"),
            Code::Forbidden => (403, 20403, "Forbidden"),
            Code::DestinationNotAllowed => (403, 60605, "Verification delivery attempt blocked by geo permissions"),
            Code::QuotaDestination => (403, 60410, "Verification delivery attempt blocked"),
            Code::NotFound => (404, 20404, "Not found"),
            Code::MethodNotAllowed => (405, 20004, "Method not allowed"),
            Code::SubjectLocked | Code::SubjectDisabled => (429, 60202, "Max check attempts reached"),
            Code::ResendCooldown | Code::QuotaSubject | Code::QuotaIp | Code::QuotaRecipient => {
                (429, 60203, "Max send attempts reached")
            }
            Code::RequestInProgress => (429, 60212, "Too many concurrent requests for phone number"),
            Code::IpBlocked => (429, 20429, "Too Many Requests"),
            Code::StoreUnavailable | Code::Overloaded | Code::AuditBacklog => (503, 20503, "Service unavailable"),
            Code::Internal => (500, 20500, "Internal server error"),
        };
        Self { told: (status, code, message.into()), outcome: problem.code().name(), problem }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Problem::from(code).into()
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        Problem::from(error).into()
    }
}
