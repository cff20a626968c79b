//! Answers, with the fields that Twilio's have.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::calls::Door;
use crate::{http::calls::Answered, secret::hex, service::time::rfc3339_seconds};

/// A verification as it is told.
pub(super) struct Told<'a> {
    /// Its short name and when it was issued, ms since 1970, where they are known.
    pub(super) issue: Option<([u8; 16], u64)>,
    pub(super) to: &'a str,
    pub(super) channel: Option<&'a str>,
    pub(super) status: &'static str,
}

impl Door<'_> {
    /// A verification. It never says `valid`: only a check lets anybody in.
    pub(super) fn verification(&self, told: &Told<'_>) -> Value {
        let mut body = self.body(told, false);
        let (hex, at) = told.issue.map(|(name, at)| (hex(&name), rfc3339_seconds(at))).unzip();
        let (hex, channel) = (hex.unwrap_or_default(), told.channel.map(str::to_ascii_uppercase));
        let own = json!({
            "lookup": {},
            "send_code_attempts": [{"time": at, "channel": channel, "attempt_sid": format!("VL{hex}")}],
            "sna": null,
            "url": format!("/v2/Services/{}/Verifications/VE{hex}", self.sid),
        });
        merge(&mut body, own);
        body
    }

    /// What became of a check.
    pub(super) fn checked(&self, told: &Told<'_>, valid: bool) -> Value {
        let mut body = self.body(told, valid);
        merge(&mut body, json!({"sna_attempts_error_codes": []}));
        body
    }

    fn body(&self, told: &Told<'_>, valid: bool) -> Value {
        let at = told.issue.map(|(_, at)| rfc3339_seconds(at));
        json!({
            "sid": told.issue.map(|(name, _)| format!("VE{}", hex(&name))),
            "service_sid": self.sid,
            "account_sid": self.account_sid(),
            "to": told.to,
            "channel": told.channel,
            "status": told.status,
            "valid": valid,
            "amount": null,
            "payee": null,
            "date_created": at,
            "date_updated": at,
        })
    }

    /// The service.
    pub(super) fn service(&self) -> Answered {
        let settings = self.service.delivery_settings();
        let path = format!("/v2/Services/{}", self.sid);
        let body = json!({
            "sid": self.sid,
            "account_sid": self.account_sid(),
            "friendly_name": settings.and_then(|settings| settings.app_name.as_deref()).unwrap_or(self.caller.tenant),
            "code_length": self.service.policy().of(self.purpose).shape.length,
            "custom_code_enabled": settings.is_some_and(|settings| settings.caller_codes),
            "lookup_enabled": false,
            "psd2_enabled": false,
            "skip_sms_to_landlines": false,
            "dtmf_input_required": false,
            "do_not_share_warning_enabled": false,
            "date_created": null,
            "date_updated": null,
            "links": {"verifications": format!("{path}/Verifications"), "verification_checks": format!("{path}/VerificationCheck")},
            "url": path,
        });
        Answered::json(StatusCode::OK, &body, "ok", self.id)
    }

    /// The user's name of Basic, if it could be an account's.
    fn account_sid(&self) -> Option<&str> {
        self.account.filter(|account| account.len() == 34 && account.bytes().all(|b| b.is_ascii_alphanumeric()))
    }
}

fn merge(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}
