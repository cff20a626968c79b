//! The limits as functions take them: one packed argument, made once per purpose (`lua/lib/register.lua` reads it).

use std::{collections::BTreeMap, time::Duration};

use crate::policy::{LockoutPolicy, Policy, PurposePolicy, Quota};

/// Packed limits for every purpose.
#[derive(Debug)]
pub struct PackedLimits {
    default: Vec<u8>,
    purposes: BTreeMap<String, Vec<u8>>,
}

impl PackedLimits {
    /// Packs a policy.
    pub fn new(policy: &Policy) -> Self {
        let pack = |p: &PurposePolicy| pack(p, [policy.ip_sends, policy.ip_failures], &policy.lockout);
        let purposes = policy.purposes.iter().map(|(name, p)| (name.clone(), pack(p))).collect();
        Self { default: pack(&policy.default), purposes }
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
