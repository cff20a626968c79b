//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit on descriptors to `want`, as far as the hard limit allows; never lowers it. Returns the limit
/// that holds then (`u64::MAX` = none).
pub fn raise_descriptor_limit(want: u64) -> u64 {
    let now = getrlimit(Resource::Nofile);
    let current = now.current.unwrap_or(u64::MAX);
    if current >= want {
        return current;
    }
    let reachable = now.maximum.map_or(want, |hard| want.min(hard));
    let wanted = Rlimit { current: Some(reachable), maximum: now.maximum };
    if setrlimit(Resource::Nofile, wanted).is_ok() { reachable } else { current }
}
