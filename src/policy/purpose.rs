//! What may differ from purpose to purpose: the code's shape, its lifetime and its send limits.

use std::{collections::BTreeMap, time::Duration};

use super::{Destinations, Quota, code::Shape, lockout::LockoutPolicy};

/// Longest purpose in characters.
const PURPOSE_MAX: usize = 32;

/// Whether a purpose may be called so.
pub fn is_purpose(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=PURPOSE_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// The settings of one purpose, or of all purposes that have none of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct PurposePolicy {
    /// Length and alphabet of the codes (`OTP_LENGTH`, `OTP_ALPHABET`).
    pub shape: Shape,
    /// How long a code lives (`OTP_LIFETIME_MINUTES`), 10 s to 24 h.
    pub lifetime: Duration,
    /// The pause between two sends (`RESEND_COOLDOWN_SECONDS`), 0 = none, at most 24 h.
    pub cooldown: Duration,
    /// Whether the pause was set for this purpose alone; it then runs apart from the shared one.
    pub own_cooldown: bool,
    /// Sends per subject (`MAX_ATTEMPTS_PER_USER_PER_HOUR`), `None` = off.
    pub sends: Option<Quota>,
    /// Whether the quota was set for this purpose alone; it then has a budget of its own.
    pub own_sends: bool,
}

/// Everything that decides about a call, as checked configuration. Pure data: no I/O, no clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What holds for a purpose that has no settings of its own.
    pub default: PurposePolicy,
    /// Purposes with settings of their own, complete (unset cells already filled from `default`).
    pub purposes: BTreeMap<String, PurposePolicy>,
    /// Sends per client network and tenant (`MAX_ATTEMPTS_PER_IP_PER_HOUR`), `None` = off.
    pub ip_sends: Option<Quota>,
    /// Failures per client network and tenant (`OTP_MAX_FAILURES_PER_IP_PER_HOUR`), `None` = off.
    pub ip_failures: Option<Quota>,
    /// Whether calls must name the client's address where it is limited (`OTP_REQUIRE_CLIENT_IP`).
    pub require_client_ip: bool,
    /// IPv6 addresses that share this many leading bits count as one client (`OTP_IPV6_PREFIX`), 32 to 128.
    pub ipv6_prefix: u8,
    /// Where codes may go.
    pub destinations: Destinations,
    /// When failures lock.
    pub lockout: LockoutPolicy,
}

impl Policy {
    /// The settings that hold for `purpose`.
    pub fn of(&self, purpose: &str) -> &PurposePolicy {
        self.purposes.get(purpose).unwrap_or(&self.default)
    }
}
