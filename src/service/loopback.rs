//! Whether every call names this very machine as the end user's: then the app passes its own address, or that of a proxy
//! before it, all users share one budget per address, and none of the limits per address means anything.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering},
};

/// So many calls in a row from the start are no coincidence.
const CALLS: u32 = 20;
/// Somebody else was seen, or it was said: nothing is counted any more. Far from both ends, so that calls that are being
/// counted meanwhile do not get it past one.
const DONE: u32 = u32::MAX / 2;

/// See the module. One relaxed load a call once it is over.
#[derive(Debug, Default)]
pub struct LoopbackWatch(AtomicU32);

impl LoopbackWatch {
    /// One that counts nothing: in development everybody is on this machine.
    pub fn off() -> Self {
        Self(AtomicU32::new(DONE))
    }

    /// Notes the end user's address of a call; `true` once, with the call that makes it worth a warning.
    pub fn observe(&self, ip: IpAddr) -> bool {
        if self.0.load(Ordering::Relaxed) >= DONE {
            return false;
        }
        if !ip.to_canonical().is_loopback() {
            self.0.store(DONE, Ordering::Relaxed);
            return false;
        }
        let last = self.0.fetch_add(1, Ordering::Relaxed) + 1 == CALLS;
        if last {
            self.0.store(DONE, Ordering::Relaxed);
        }
        last
    }

    /// Notes the address, and says it in the log.
    pub(super) fn watch(&self, ip: IpAddr) {
        if self.observe(ip) {
            tracing::warn!(
                calls = CALLS,
                "every call so far names a loopback address as `ip`: pass the end user's address, else all users share one budget"
            );
        }
    }
}
