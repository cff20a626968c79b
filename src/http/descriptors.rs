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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_rises_to_what_is_allowed_and_never_falls() {
        let before = raise_descriptor_limit(0);
        assert_eq!(raise_descriptor_limit(1), before);
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let target = (before + 1).min(hard);
        assert_eq!(raise_descriptor_limit(target), target.max(before));
        assert_eq!(raise_descriptor_limit(u64::MAX - 1).min(hard), hard.min(u64::MAX - 1));
    }
}
