//! Answers and refusals, with the fields, words and numbers that Twilio's have: the one place where they stand.

use hyper::StatusCode;
use serde_json::json;

use super::Door;
use crate::{
    http::{
        Code, Problem,
        calls::{Answered, exchange::Exchange},
    },
    policy::Outcome,
    service::{find::Known, time::rfc3339_seconds},
};

impl Door<'_> {
    /// Tells of a verification or of its check all that either has at Twilio; 404 where none is told of in that state. `valid`
    /// is of a check alone: nothing else lets anybody in.
    pub(super) fn tell(&self, known: &Known) -> Answered {
        let Known { sid, subject, channel, issued_at, state, .. } = known;
        let status = match state {
            Outcome::Issued | Outcome::Pending | Outcome::WrongCode => "pending",
            Outcome::Approved | Outcome::Used => "approved",
            Outcome::Canceled => "canceled",
            Outcome::Expired => "expired",
            Outcome::Burnt | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => "max_attempts_reached",
            other => return self.ended(*other),
        };
        let code = if *state == Outcome::Issued { StatusCode::CREATED } else { StatusCode::OK };
        let at = issued_at.map(rfc3339_seconds);
        let body = json!({
            "sid": sid,
            "service_sid": self.sid,
            "account_sid": self.account,
            "to": subject,
            "channel": channel,
            "status": status,
            "valid": *state == Outcome::Approved,
            "lookup": {},
            "amount": null,
            "payee": null,
            "send_code_attempts": [{
                "time": at,
                "channel": channel.as_deref().map(str::to_ascii_uppercase),
                "attempt_sid": sid.as_ref().map(|sid| sid.replacen("VE", "VL", 1)),
            }],
            "sna": null,
            "sna_attempts_error_codes": [],
            "url": sid.as_ref().map(|sid| format!("/v2/Services/{}/Verifications/{sid}", self.sid)),
            "date_created": at,
            "date_updated": at,
        });
        Answered::json(code, &body, state.label(), &self.exchange.id)
    }

    /// There is none that is pending.
    pub(super) fn ended(&self, state: Outcome) -> Answered {
        Answered { outcome: state.label(), ..refused(Code::NotFound.into(), self.exchange) }
    }

    /// The service. Some clients want all names that Twilio's had in their day; what no service has here is null.
    pub(super) fn service(&self) -> Answered {
        let name = self.service.delivery_settings().and_then(|settings| settings.app_name.as_deref());
        let body = json!({
            "sid": self.sid,
            "account_sid": self.account,
            "friendly_name": name.unwrap_or(self.caller.tenant),
            "code_length": self.service.policy().of(self.purpose).shape.length,
            "url": format!("/v2/Services/{}", self.sid),
            "lookup_enabled": null, "psd2_enabled": null, "skip_sms_to_landlines": null, "dtmf_input_required": null,
            "do_not_share_warning_enabled": null, "custom_code_enabled": null, "tts_name": null,
            "date_created": null, "date_updated": null, "links": null,
        });
        Answered::ok(&body, &self.exchange.id)
    }
}

/// Tells a refusal, with its headers. What has no number of its own is told by its status.
pub(in crate::http) fn refused(problem: Problem, exchange: &Exchange) -> Answered {
    let path = exchange.head.uri.path();
    let (status, code, message) = match (problem.code(), problem.code().status().as_u16()) {
        (Code::InvalidField, _) if problem.field() == Some("channel") => (400, 60223, "Delivery channel disabled"),
        (Code::DestinationNotAllowed, _) => (403, 60605, "Verification delivery attempt blocked by geo permissions"),
        (Code::QuotaDestination, _) => (403, 60410, "Verification delivery attempt blocked"),
        (Code::SubjectLocked | Code::SubjectDisabled, _) => (429, 60202, "Max check attempts reached"),
        (Code::RequestInProgress, _) => (429, 60212, "Too many concurrent requests for phone number"),
        (Code::IpBlocked, _) => (429, 20429, "Too Many Requests"),
        (_, 401) => (401, 20003, "Authenticate"),
        (_, 403) => (403, 20403, "Forbidden"),
        (_, 404) => (404, 20404, ""),
        (_, 405) => (405, 20004, "Method not allowed"),
        (_, 429) => (429, 60203, "Max send attempts reached"),
        (_, 500) => (500, 20500, "Internal server error"),
        (_, 503) => (503, 20503, "Service unavailable"),
        _ => (400, 60200, "Invalid parameter"),
    };
    let message = match (code, problem.field()) {
        (20404, _) => format!("The requested resource {} was not found", path.strip_prefix("/v2").unwrap_or(path)),
        (60200, Some("code")) => format!("{message}: Code"),
        (60200, Some(name)) => format!("{message}: {name}"),
        _ => message.to_owned(),
    };
    let info = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({"code": code, "message": message, "more_info": info, "status": status});
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut told = Answered::json(status, &body, problem.code().name(), &exchange.id);
    problem.tell_in(told.reply.headers_mut());
    told
}
