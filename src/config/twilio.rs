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
        let mut services = BTreeMap::new();
        for entry in text.split(',') {
            let service = entry.trim().split_once(':').filter(|(sid, purpose)| is_service(sid) && is_purpose(purpose));
            let (sid, purpose) =
                service.ok_or_else(|| not("`VA…:purpose,…`, each sid VA and 32 hexadecimal digits", text))?;
            if services.insert(sid.to_owned(), purpose.to_owned()).is_some() {
                return Err(not("a list of different services", text));
            }
        }
        Ok(Self(services))
    }
}

fn is_service(sid: &str) -> bool {
    sid.strip_prefix("VA").is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
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
