//! The limits: codes, quotas and lockouts, for all purposes and for single ones.

use std::time::Duration;

use super::{
    reader::{Reader, Reported},
    value, weak,
};
use crate::policy::{LockoutPolicy, Policy, PurposePolicy, code::Shape};

/// Purposes with settings of their own: each may have a budget in every record, which counts its purposes in one byte.
const OWN_PURPOSES_MAX: usize = 64;

/// Reads them all and weighs the odds of whatever is well formed.
pub(super) fn read(r: &mut Reader, allow_weak: Result<bool, Reported>) -> Result<Policy, Reported> {
    let default = everywhere(r);
    let purposes = r.purposes();
    if let Some(first) = purposes.iter().nth(OWN_PURPOSES_MAX) {
        let first = first.to_ascii_uppercase();
        r.mistake(
            "OTP_…__PURPOSE",
            format!("sets more than {OWN_PURPOSES_MAX} purposes apart, the next being {first}"),
        );
    }
    let purposes: Vec<_> = purposes.into_iter().map(|name| (own(r, &name, default.as_ref().ok()), name)).collect();
    let ip_sends = r.read("MAX_ATTEMPTS_PER_IP_PER_HOUR", value::quota);
    let ip_failures = r.read("OTP_MAX_FAILURES_PER_IP_PER_HOUR", value::quota);
    let require_client_ip = r.read("OTP_REQUIRE_CLIENT_IP", value::flag);
    let ipv6_prefix = r.read("OTP_IPV6_PREFIX", value::number);
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
    Ok(Policy {
        default: default?,
        purposes: purposes.into_iter().map(|(policy, name)| Ok((name, policy?))).collect::<Result<_, _>>()?,
        ip_sends: ip_sends?,
        ip_failures: ip_failures?,
        require_client_ip: require_client_ip?,
        ipv6_prefix: ipv6_prefix?,
        lockout: lockout?,
    })
}

fn everywhere(r: &mut Reader) -> Result<PurposePolicy, Reported> {
    let length = r.read("OTP_LENGTH", value::number);
    let alphabet = r.read("OTP_ALPHABET", value::alphabet);
    let lifetime = r.read("OTP_LIFETIME_MINUTES", value::span);
    let cooldown = r.read("RESEND_COOLDOWN_SECONDS", value::span);
    let sends = r.read("MAX_ATTEMPTS_PER_USER_PER_HOUR", value::quota);
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
    let length = r.read_for(purpose, "OTP_LENGTH", value::number);
    let alphabet = r.read_for(purpose, "OTP_ALPHABET", value::alphabet);
    let lifetime = r.read_for(purpose, "OTP_LIFETIME_MINUTES", value::span);
    let cooldown = r.read_for(purpose, "RESEND_COOLDOWN_SECONDS", value::span);
    let sends = r.read_for(purpose, "MAX_ATTEMPTS_PER_USER_PER_HOUR", value::quota);
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
    let max_failures = r.read("MAX_FAILED_VERIFICATIONS_PER_OTP", value::number);
    let first = r.read("ACCOUNT_LOCKOUT_MINUTES", value::span);
    let progressive = r.read("PROGRESSIVE_LOCKOUT", value::flag);
    let factor = r.read("OTP_LOCKOUT_FACTOR", value::factor);
    let cap = cap(r, first.ok());
    let memory = r.read("OTP_LOCKOUT_MEMORY_HOURS", value::span);
    let hard_stop = r.read("OTP_MAX_CONSECUTIVE_FAILURES", value::number);
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
    let variable = "OTP_MAX_LOCKOUT_MINUTES";
    let set = r.optional(variable, value::span)?;
    let cap = match set {
        Some(cap) => cap,
        None => r.read(variable, value::span)?,
    };
    let first = first.unwrap_or_default();
    if set.is_some() && cap < first {
        let (cap, first) = (value::show_span(cap), value::show_span(first));
        r.mistake(variable, format!("({cap}) must not be below ACCOUNT_LOCKOUT_MINUTES ({first})"));
        return Err(Reported);
    }
    Ok(cap.max(first))
}
