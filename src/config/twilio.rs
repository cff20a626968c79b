//! Twilio's door: which of its services are answered for, and as which purposes.

use std::collections::BTreeMap;

use super::{
    reader::{Reader, Reported},
    table as env,
    value::{Value, not},
    variable::Kind,
};
use crate::policy::{Policy, purpose::is_purpose};

/// Purposes by the sids of services.
pub(super) struct Services(BTreeMap<String, String>);

impl Value for Services {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let is_hex = |hex: &str| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let entry = |entry: &str| {
            let (sid, purpose) = entry.trim().split_once(':')?;
            let fits = sid.strip_prefix("VA").is_some_and(is_hex) && is_purpose(purpose);
            fits.then(|| (sid.to_owned(), purpose.to_owned()))
        };
        let services: Option<BTreeMap<_, _>> = text.split(',').map(entry).collect();
        let different = services.filter(|services| services.len() == text.split(',').count());
        different.map(Self).ok_or_else(|| not("`VA…:purpose,…`, each sid VA and 32 hexadecimal digits, once", text))
    }
}

/// The services; none where the door is shut. `delivers` says whether there is a channel.
pub(super) fn read(
    r: &mut Reader,
    policy: Option<&Policy>,
    delivers: bool,
) -> Result<BTreeMap<String, String>, Reported> {
    let Some(Services(services)) = r.given(&env::OTP_TWILIO_SERVICES)? else { return Ok(BTreeMap::new()) };
    if !delivers {
        return Err(r.mistake("OTP_TWILIO_SERVICES", "needs a channel to send codes by, such as OTP_DELIVERY_URL__SMS"));
    }
    if policy.is_some_and(|policy| policy.ip_failures.is_some()) {
        let problem =
            "does not see checks that come through Twilio's door (OTP_TWILIO_SERVICES): none of them names the client";
        r.warn("OTP_MAX_FAILURES_PER_IP_PER_HOUR", problem);
    }
    Ok(services)
}
