//! Twilio's door: which of its services are answered for, and as which purposes.

use std::collections::BTreeMap;

use super::{reader::Reader, table as env};
use crate::policy::Policy;

/// The services; none where the door is shut.
pub(super) fn read(r: &mut Reader, policy: &Policy) -> BTreeMap<String, String> {
    let Some(services) = r.given(&env::OTP_TWILIO_SERVICES) else { return BTreeMap::new() };
    if r.channels.is_empty() {
        r.mistake("OTP_TWILIO_SERVICES", "needs a channel to send codes by, such as OTP_DELIVERY_URL__SMS");
    }
    if policy.ip_failures.is_some() {
        let problem =
            "does not see checks that come through Twilio's door (OTP_TWILIO_SERVICES): none of them names the client";
        r.warn("OTP_MAX_FAILURES_PER_IP_PER_HOUR", problem);
    }
    services
}
