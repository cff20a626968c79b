//! Refusals in Twilio's words: the one place where its numbers stand.

use hyper::{
    StatusCode,
    body::Bytes,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue},
};
use serde_json::json;

use super::PREFIX;
use crate::http::{Code, Problem, RequestId, calls::Answered, reply::APPLICATION_JSON};

/// Tells a refusal of a request for `path`, with its headers; `outcome` is the word for it in metrics.
pub(super) fn answered(problem: Problem, outcome: &'static str, path: &str, id: &RequestId) -> Answered {
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
        Code::NotFound => (404, 20404, ""),
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
    let message = match problem.field() {
        _ if code == 20404 => {
            format!("The requested resource {} was not found", path.get(PREFIX.len() - 1..).unwrap_or(path))
        }
        Some(name) if code == 60200 => format!("{message}: {name}"),
        _ => message.to_owned(),
    };
    told(problem, status, code, &message, outcome, id)
}

/// The same of a channel of Twilio's that is not set up here.
pub(super) fn channel_disabled(id: &RequestId) -> Answered {
    told(Code::InvalidField.into(), 400, 60223, "Delivery channel disabled", Code::InvalidField.name(), id)
}

fn told(problem: Problem, status: u16, code: u32, message: &str, outcome: &'static str, id: &RequestId) -> Answered {
    let info = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({"code": code, "message": message, "more_info": info, "status": status}).to_string();
    let mut reply = problem.into_reply(id);
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Answered { reply: reply.map(|_| Bytes::from(body).into()), outcome }
}
