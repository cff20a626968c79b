//! Times in answers: RFC 3339, UTC, milliseconds.

use std::time::{Duration, UNIX_EPOCH};

/// `ms` since 1970 as `2026-01-01T10:05:00.123Z`.
pub fn rfc3339(ms: u64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(ms)).to_string()
}

/// The same; nothing for 0, which stands for never.
pub fn rfc3339_or_never(ms: u64) -> Option<String> {
    (ms > 0).then(|| rfc3339(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_kept() {
        assert_eq!(rfc3339(1_767_261_900_123), "2026-01-01T10:05:00.123Z");
        assert_eq!(rfc3339_or_never(0), None);
    }
}
