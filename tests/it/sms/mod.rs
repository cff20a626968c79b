//! Codes that go by SMS, calls and WhatsApp: handed to a provider over HTTP, to nobody to whom they must not go, and to another
//! way where one failed.

mod fallback;
mod faults;
mod fields;
mod guards;
mod handed;
mod hanging;
mod locked;
pub(crate) mod provider;
mod recipients;
mod start;

use serde_json::{Value, json};

use crate::support::{Redis, Rig, client::fresh_ip, rig::UNLIMITED};
use provider::Provider;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
pub(crate) const ANN: &str = "+4917112345612";

/// Channels by their names in variables, each with how its provider behaves.
pub(crate) fn channels(provider: &Provider, all: &[(&str, &str)]) -> Vec<(String, String)> {
    let channel = |(name, how): &(&str, &str)| {
        let secret = (format!("OTP_DELIVERY_SECRET__{name}"), SECRET.to_owned());
        [(format!("OTP_DELIVERY_URL__{name}"), provider.url(how)), secret]
    };
    let prefixes = ("OTP_PHONE_PREFIXES".to_owned(), "+49,+1".to_owned());
    all.iter().flat_map(channel).chain([prefixes]).collect()
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A sidecar with these channels, without pause and quotas.
#[track_caller]
pub(crate) fn rig(provider: &Provider, all: &[(&str, &str)], more: &[(&str, &str)]) -> Rig {
    Rig::over(Redis::start(), &[&UNLIMITED[..], &borrowed(&channels(provider, all)), more].concat())
}

fn sms_to(number: &str) -> Value {
    json!({"subject": number, "channel": "sms", "ip": fresh_ip()})
}
