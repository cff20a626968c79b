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

#[cfg(test)]
mod tests {
    use super::*;

    /// With which of these calls it is said.
    fn said(addresses: impl IntoIterator<Item = &'static str>) -> Vec<usize> {
        let watch = LoopbackWatch::default();
        let seen = addresses.into_iter().enumerate();
        seen.filter(|(_, ip)| watch.observe(ip.parse().unwrap())).map(|(at, _)| at + 1).collect()
    }

    #[test]
    fn it_is_said_once_and_only_where_nobody_else_was_seen() {
        assert_eq!(said(["127.0.0.1"; 100]), [20]);
        assert_eq!(said(["127.0.0.1", "::1", "127.9.9.9", "::ffff:127.0.0.1"].into_iter().cycle().take(100)), [20]);
        assert!(said(["127.0.0.1"; 19]).is_empty());
        assert!(said(["192.0.2.1"].into_iter().chain(["127.0.0.1"; 100])).is_empty());
        assert!(said(["127.0.0.1"; 19].into_iter().chain(["192.0.2.1"]).chain(["127.0.0.1"; 100])).is_empty());
        let off = LoopbackWatch::off();
        assert!(!(0..100).any(|_| off.observe("127.0.0.1".parse().unwrap())));
    }
}
