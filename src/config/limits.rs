//! The limits: codes, quotas and lockouts, for all purposes and for single ones.

use std::time::Duration;

use super::{
    reader::{Reader, Reported},
    table as env,
    value::{Value as _, show_span},
    weak,
};
use crate::policy::{Destinations, LockoutPolicy, Policy, PurposePolicy, code::Shape};

/// Purposes with settings of their own: each may have a budget in every record, which counts its purposes in one byte.
const OWN_PURPOSES_MAX: usize = 64;

/// Reads them all and weighs the odds of whatever is well formed.
pub(super) fn read(r: &mut Reader, allow_weak: Result<bool, Reported>) -> Result<Policy, Reported> {
    let default = everywhere(r);
    let purposes = r.purposes.clone();
    if let Some(first) = purposes.iter().nth(OWN_PURPOSES_MAX) {
        let next = first.to_ascii_uppercase();
        r.mistake("OTP_…__PURPOSE", format!("sets more than {OWN_PURPOSES_MAX} purposes apart, the next being {next}"));
    }
    let purposes: Vec<_> = purposes.into_iter().map(|name| (own(r, &name, default.as_ref().ok()), name)).collect();
    let ip_sends = r.get(&env::MAX_ATTEMPTS_PER_IP_PER_HOUR);
    let ip_failures = r.get(&env::OTP_MAX_FAILURES_PER_IP_PER_HOUR);
    let require_client_ip = r.get(&env::OTP_REQUIRE_CLIENT_IP);
    let ipv6_prefix = r.get(&env::OTP_IPV6_PREFIX);
    let prefixes = r.given(&env::OTP_PHONE_PREFIXES);
    let unproven = r.get(&env::OTP_PHONE_BUDGET);
    let recipient = r.given(&env::OTP_SENDS_PER_RECIPIENT_PER_HOUR);
    let lockout = lockout(r);
    if let (Ok(default), Ok(lockout), Ok(allowed)) = (&default, &lockout, allow_weak) {
        let rule = weak::Rule { lockout, allowed };
        rule.check(r, "", &default.shape);
        rule.check_year(r, "", default);
        for (own, name) in purposes.iter().filter_map(|(own, name)| Some((own.as_ref().ok()?, name))) {
            let suffix = format!("__{}", name.to_ascii_uppercase());
            if own.shape != default.shape {
                rule.check(r, &suffix, &own.shape);
            }
            if rule.year_odds(own) > rule.year_odds(default) {
                rule.check_year(r, &suffix, own);
            }
        }
    }
    let (default, lockout) = (default?, lockout?);
    let recipient = recipient?.unwrap_or(default.sends);
    r.show("OTP_SENDS_PER_RECIPIENT_PER_HOUR", recipient.show(""));
    Ok(Policy {
        destinations: Destinations { prefixes: prefixes?.unwrap_or_default(), unproven: unproven?, recipient },
        default,
        purposes: purposes.into_iter().map(|(policy, name)| Ok((name, policy?))).collect::<Result<_, _>>()?,
        ip_sends: ip_sends?,
        ip_failures: ip_failures?,
        require_client_ip: require_client_ip?,
        ipv6_prefix: ipv6_prefix?,
        lockout,
    })
}

fn everywhere(r: &mut Reader) -> Result<PurposePolicy, Reported> {
    let length = r.get(&env::OTP_LENGTH);
    let alphabet = r.get(&env::OTP_ALPHABET);
    let lifetime = r.get(&env::OTP_LIFETIME_MINUTES);
    let cooldown = r.get(&env::RESEND_COOLDOWN_SECONDS);
    let sends = r.get(&env::MAX_ATTEMPTS_PER_USER_PER_HOUR);
    Ok(PurposePolicy {
        shape: Shape { length: length?, alphabet: alphabet? },
        lifetime: lifetime?,
        cooldown: cooldown?,
        own_cooldown: false,
        sends: sends?,
        own_sends: false,
    })
}

/// What was set for `purpose`, over what holds everywhere. Without the latter its own mistakes are still found.
fn own(r: &mut Reader, purpose: &str, default: Option<&PurposePolicy>) -> Result<PurposePolicy, Reported> {
    let length = r.of_purpose(&env::OTP_LENGTH, purpose);
    let alphabet = r.of_purpose(&env::OTP_ALPHABET, purpose);
    let lifetime = r.of_purpose(&env::OTP_LIFETIME_MINUTES, purpose);
    let cooldown = r.of_purpose(&env::RESEND_COOLDOWN_SECONDS, purpose);
    let sends = r.of_purpose(&env::MAX_ATTEMPTS_PER_USER_PER_HOUR, purpose);
    let (cooldown, sends) = (cooldown?, sends?);
    let default = default.ok_or(Reported)?;
    Ok(PurposePolicy {
        shape: Shape {
            length: length?.unwrap_or(default.shape.length),
            alphabet: alphabet?.unwrap_or_else(|| default.shape.alphabet.clone()),
        },
        lifetime: lifetime?.unwrap_or(default.lifetime),
        cooldown: cooldown.unwrap_or(default.cooldown),
        own_cooldown: cooldown.is_some(),
        sends: sends.unwrap_or(default.sends),
        own_sends: sends.is_some(),
    })
}

fn lockout(r: &mut Reader) -> Result<LockoutPolicy, Reported> {
    let max_failures = r.get(&env::MAX_FAILED_VERIFICATIONS_PER_OTP);
    let first = r.get(&env::ACCOUNT_LOCKOUT_MINUTES);
    let progressive = r.get(&env::PROGRESSIVE_LOCKOUT);
    let factor = r.get(&env::OTP_LOCKOUT_FACTOR);
    let cap = cap(r, first.ok());
    let memory = r.get(&env::OTP_LOCKOUT_MEMORY_HOURS);
    let hard_stop = r.get(&env::OTP_MAX_CONSECUTIVE_FAILURES);
    Ok(LockoutPolicy {
        max_failures: max_failures?,
        first: first?,
        progressive: progressive?,
        factor: factor?,
        cap: cap?,
        memory: memory?,
        hard_stop: hard_stop?,
    })
}

/// A cap that nobody set gives way to the first lock; one that was set contradicts it.
fn cap(r: &mut Reader, first: Option<Duration>) -> Result<Duration, Reported> {
    let is_set = r.given(&env::OTP_MAX_LOCKOUT_MINUTES)?.is_some();
    let (cap, first) = (r.get(&env::OTP_MAX_LOCKOUT_MINUTES)?, first.unwrap_or_default());
    if is_set && cap < first {
        let problem = format!("({}) must not be below ACCOUNT_LOCKOUT_MINUTES ({})", show_span(cap), show_span(first));
        return Err(r.mistake("OTP_MAX_LOCKOUT_MINUTES", problem));
    }
    let cap = cap.max(first);
    r.show("OTP_MAX_LOCKOUT_MINUTES", show_span(cap));
    Ok(cap)
}
