//! The limits: codes, quotas and lockouts, for all purposes and for single ones.

use super::{
    reader::{Reader, of_purpose},
    table as env,
    value::{Value as _, show_span},
    weak,
};
use crate::policy::{Destinations, LockoutPolicy, Policy, PurposePolicy, code::Shape};

/// Purposes with settings of their own: each may have a budget in every record, which counts its purposes in one byte.
const OWN_PURPOSES_MAX: usize = 64;

/// What decides about the odds of all codes, beside what may be set for single purposes.
const LOCKOUTS: [&str; 7] = [
    "OTP_ALLOW_WEAK",
    "MAX_FAILED_VERIFICATIONS_PER_OTP",
    "ACCOUNT_LOCKOUT_MINUTES",
    "OTP_LOCKOUT_FACTOR",
    "OTP_MAX_LOCKOUT_MINUTES",
    "OTP_LOCKOUT_MEMORY_HOURS",
    "OTP_MAX_CONSECUTIVE_FAILURES",
];

/// Reads them all and weighs the odds of whatever is well formed; weak ones may be `allowed`.
pub(super) fn read(r: &mut Reader, allowed: bool) -> Policy {
    let default = everywhere(r);
    let names = r.purposes.clone();
    if let Some(first) = names.iter().nth(OWN_PURPOSES_MAX) {
        let next = first.to_ascii_uppercase();
        r.mistake("OTP_…__PURPOSE", format!("sets more than {OWN_PURPOSES_MAX} purposes apart, the next being {next}"));
    }
    let policy = Policy {
        purposes: names.into_iter().map(|name| (name.clone(), own(r, &name, &default))).collect(),
        ip_sends: r.get(&env::MAX_ATTEMPTS_PER_IP_PER_HOUR),
        ip_failures: r.get(&env::OTP_MAX_FAILURES_PER_IP_PER_HOUR),
        require_client_ip: r.get(&env::OTP_REQUIRE_CLIENT_IP),
        ipv6_prefix: r.get(&env::OTP_IPV6_PREFIX),
        destinations: Destinations {
            prefixes: r.given(&env::OTP_PHONE_PREFIXES).unwrap_or_default(),
            unproven: r.get(&env::OTP_PHONE_BUDGET),
            recipient: r.given(&env::OTP_SENDS_PER_RECIPIENT_PER_HOUR).unwrap_or(default.sends),
        },
        lockout: lockout(r),
        default,
    };
    r.show("OTP_SENDS_PER_RECIPIENT_PER_HOUR", policy.destinations.recipient.show(""));
    if !r.are_wrong(&LOCKOUTS) && is_weighable(r, "") {
        weigh(r, &policy, allowed);
    }
    policy
}

fn weigh(r: &mut Reader, policy: &Policy, allowed: bool) {
    let (rule, default) = (weak::Rule { lockout: &policy.lockout, allowed }, &policy.default);
    rule.check(r, "", &default.shape);
    rule.check_year(r, "", default);
    for (name, own) in &policy.purposes {
        let suffix = of_purpose("", name);
        if !is_weighable(r, &suffix) {
            continue;
        }
        if own.shape != default.shape {
            rule.check(r, &suffix, &own.shape);
        }
        if rule.year_odds(own) > rule.year_odds(default) {
            rule.check_year(r, &suffix, own);
        }
    }
}

/// Whether nothing is wrong with what was set for this purpose.
fn is_weighable(r: &Reader, suffix: &str) -> bool {
    let mut rows = env::VARIABLES.iter().filter(|row| row.per_purpose);
    rows.all(|row| !r.are_wrong(&[&format!("{}{suffix}", row.name)]))
}

fn everywhere(r: &mut Reader) -> PurposePolicy {
    PurposePolicy {
        shape: Shape { length: r.get(&env::OTP_LENGTH), alphabet: r.get(&env::OTP_ALPHABET) },
        lifetime: r.get(&env::OTP_LIFETIME_MINUTES),
        cooldown: r.get(&env::RESEND_COOLDOWN_SECONDS),
        own_cooldown: false,
        sends: r.get(&env::MAX_ATTEMPTS_PER_USER_PER_HOUR),
        own_sends: false,
    }
}

/// What was set for `purpose`, over what holds everywhere.
fn own(r: &mut Reader, purpose: &str, default: &PurposePolicy) -> PurposePolicy {
    let mut own = default.clone();
    r.own(&env::OTP_LENGTH, purpose, &mut own.shape.length);
    r.own(&env::OTP_ALPHABET, purpose, &mut own.shape.alphabet);
    r.own(&env::OTP_LIFETIME_MINUTES, purpose, &mut own.lifetime);
    own.own_cooldown = r.own(&env::RESEND_COOLDOWN_SECONDS, purpose, &mut own.cooldown);
    own.own_sends = r.own(&env::MAX_ATTEMPTS_PER_USER_PER_HOUR, purpose, &mut own.sends);
    own
}

/// A cap that nobody set gives way to the first lock; one that was set contradicts it.
fn lockout(r: &mut Reader) -> LockoutPolicy {
    let lockout = LockoutPolicy {
        max_failures: r.get(&env::MAX_FAILED_VERIFICATIONS_PER_OTP),
        first: r.get(&env::ACCOUNT_LOCKOUT_MINUTES),
        progressive: r.get(&env::PROGRESSIVE_LOCKOUT),
        factor: r.get(&env::OTP_LOCKOUT_FACTOR),
        cap: r.get(&env::OTP_MAX_LOCKOUT_MINUTES),
        memory: r.get(&env::OTP_LOCKOUT_MEMORY_HOURS),
        hard_stop: r.get(&env::OTP_MAX_CONSECUTIVE_FAILURES),
    };
    let (name, cap, first) = ("OTP_MAX_LOCKOUT_MINUTES", lockout.cap, lockout.first);
    let is_set = r.is_set(name) && !r.are_wrong(&[name, "ACCOUNT_LOCKOUT_MINUTES"]);
    if is_set && cap < first {
        let problem = format!("({}) must not be below ACCOUNT_LOCKOUT_MINUTES ({})", show_span(cap), show_span(first));
        r.mistake(name, problem);
    }
    r.show(name, show_span(cap.max(first)));
    LockoutPolicy { cap: cap.max(first), ..lockout }
}
