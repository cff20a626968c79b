//! Answers, with the fields that Twilio's have.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::calls::Door;
use crate::{
    http::calls::Answered,
    secret::hex,
    service::{find::Described, time::rfc3339_seconds},
};

impl Door<'_> {
    /// A verification, or what became of its check: all that either has at Twilio. `valid` is of a check alone: nothing else
    /// lets anybody in.
    pub(super) fn body(&self, described: &Described, status: &str, valid: bool) -> Value {
        let Described { name, subject, channel, issued_at } = described;
        let hex = name.map(|name| hex(&name));
        let named = |kind: &str| hex.as_ref().map(|hex| format!("{kind}{hex}"));
        let at = issued_at.map(rfc3339_seconds);
        json!({
            "sid": named("VE"),
            "service_sid": self.sid,
            "account_sid": self.account_sid(),
            "to": subject,
            "channel": channel,
            "status": status,
            "valid": valid,
            "lookup": {},
            "amount": null,
            "payee": null,
            "send_code_attempts": [{
                "time": at,
                "channel": channel.as_deref().map(str::to_ascii_uppercase),
                "attempt_sid": named("VL"),
            }],
            "sna": null,
            "sna_attempts_error_codes": [],
            "url": named(&format!("/v2/Services/{}/Verifications/VE", self.sid)),
            "date_created": at,
            "date_updated": at,
        })
    }

    /// The service.
    pub(super) fn service(&self) -> Answered {
        let settings = self.service.delivery_settings();
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
            "tts_name": null,
            "date_created": null,
            "date_updated": null,
            "links": {},
            "url": self.path,
        });
        Answered::json(StatusCode::OK, &body, "ok", self.id)
    }

    /// The user's name of Basic, if it could be an account's.
    fn account_sid(&self) -> Option<&str> {
        self.account.filter(|account| account.len() == 34 && account.bytes().all(|b| b.is_ascii_alphanumeric()))
    }
}
