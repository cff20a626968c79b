//! The limits as scripts take them: one packed argument, made once per purpose (`lua/lib/policy.lua` reads it).

use std::{collections::BTreeMap, time::Duration};

use crate::policy::{LockoutPolicy, Policy, PurposePolicy, Quota};

/// Sends of so long are counted whatever the quotas (`LOG_KEEP_MS` in `lua/lib/log.lua`), and wrong codes in a row are
/// remembered for so long (`HARD_STOP_MEMORY_MS` in `lua/lib/record.lua`).
const COUNTED_MS: u32 = 3_600_000;
const HARD_STOP_MEMORY_MS: u32 = 2_592_000_000;

/// Packed limits for every purpose.
#[derive(Debug)]
pub struct PackedLimits {
    default: Vec<u8>,
    purposes: BTreeMap<String, Vec<u8>>,
    max_failures: u32,
}

impl PackedLimits {
    /// Packs a policy.
    pub fn new(policy: &Policy) -> Self {
        let pack = |p: &PurposePolicy| pack(p, [policy.ip_sends, policy.ip_failures], &policy.lockout);
        let purposes = policy.purposes.iter().map(|(name, p)| (name.clone(), pack(p))).collect();
        let max_failures = policy.lockout.max_failures.into();
        Self { default: pack(&policy.default), purposes, max_failures }
    }

    /// Failures that lock a subject.
    pub fn max_failures(&self) -> u32 {
        self.max_failures
    }

    /// The argument for a call about `purpose`.
    pub fn of(&self, purpose: &str) -> &[u8] {
        self.purposes.get(purpose).unwrap_or(&self.default)
    }
}

fn pack(purpose: &PurposePolicy, ips: [Option<Quota>; 2], lockout: &LockoutPolicy) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    let quota = |out: &mut Vec<u8>, quota: Option<Quota>| {
        out.extend_from_slice(&quota.map_or(0, |q| q.max).to_be_bytes());
        out.extend_from_slice(&quota.map_or(0, |q| millis(q.window)).to_be_bytes());
    };
    out.extend_from_slice(&millis(purpose.lifetime).to_be_bytes());
    out.extend_from_slice(&millis(purpose.cooldown).to_be_bytes());
    quota(&mut out, purpose.sends);
    out.push(u8::from(purpose.own_cooldown) | u8::from(purpose.own_sends) << 1 | u8::from(lockout.progressive) << 2);
    ips.iter().for_each(|ip| quota(&mut out, *ip));
    out.extend_from_slice(&lockout.max_failures.to_be_bytes());
    out.extend_from_slice(&millis(lockout.first).to_be_bytes());
    out.extend_from_slice(&millis(lockout.cap).to_be_bytes());
    out.extend_from_slice(&thousandths(lockout.factor).to_be_bytes());
    out.extend_from_slice(&millis(lockout.memory).to_be_bytes());
    out.extend_from_slice(&lockout.hard_stop.to_be_bytes());
    // How long what is usually written lives, as Redis takes it: a number need not be written out in Lua for it.
    let window = |quota: Option<Quota>| quota.map_or(0, |quota| millis(quota.window)).max(COUNTED_MS);
    let sent = window(purpose.sends).max(millis(purpose.cooldown)).max(millis(purpose.lifetime).saturating_mul(2));
    let failed = if lockout.hard_stop > 0 { HARD_STOP_MEMORY_MS } else { millis(lockout.memory) };
    for ttl in [sent, window(ips[0]), failed, window(ips[1])] {
        let digits = ttl.to_string();
        out.extend(u8::try_from(digits.len()));
        out.extend_from_slice(digits.as_bytes());
    }
    out
}

/// Milliseconds in 32 bits: up to 49 days. Configuration allows 40.
pub fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// A factor in thousandths; configuration allows 1 to 100.
fn thousandths(factor: f64) -> u32 {
    (factor * 1000.0).round().clamp(1000.0, 100_000.0) as u32
}
